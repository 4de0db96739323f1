import { useEffect, useId, useRef, type ReactNode } from 'react'

/**
 * A modal dialog on the browser's own element, which keeps the focus inside,
 * closes on Esc and gives the focus back.
 */
export function Dialog({
  open,
  title,
  onClose,
  children,
}: {
  open: boolean
  title: string
  onClose: () => void
  children: ReactNode
}) {
  const ref = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    const dialog = ref.current
    if (dialog === null) return
    if (open && !dialog.open) dialog.showModal()
    if (!open && dialog.open) dialog.close()
  }, [open])
  return (
    <dialog
      ref={ref}
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(event) => {
        // A click on the element itself, not on what is in it, is one on the backdrop.
        if (event.target === ref.current) onClose()
      }}
      className="w-[min(30rem,calc(100vw-2rem))] rounded-lg border border-line bg-surface shadow-float"
    >
      {open && (
        <div className="p-5">
          <h2 id={heading} className="text-lg font-semibold">
            {title}
          </h2>
          {children}
        </div>
      )}
    </dialog>
  )
}
