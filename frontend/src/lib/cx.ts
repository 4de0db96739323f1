/** Joins class names; empty ones are left out. */
export const cx = (...names: (string | false | undefined)[]): string =>
  names.filter((n): n is string => typeof n === 'string' && n !== '').join(' ')
