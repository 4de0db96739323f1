/** The looks of a dropdown menu. */
export const menuClass =
  'z-20 min-w-44 rounded-lg border border-line bg-surface py-1 shadow-float outline-none focus-visible:outline-none'
export const menuItemClass =
  'mx-1 flex min-h-8 cursor-pointer items-center gap-2.5 rounded-md px-2 text-text outline-none ' +
  'data-highlighted:bg-hover data-disabled:cursor-default data-disabled:text-faint'
