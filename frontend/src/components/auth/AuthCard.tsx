import type { ReactNode } from 'react'
import { Logo } from '../Logo'

/** The frame of sign-in, registration and what belongs to them. */
export function AuthCard({
  heading,
  lead,
  footer,
  wide = false,
  children,
}: {
  heading: string
  lead?: ReactNode
  footer?: ReactNode
  wide?: boolean
  children?: ReactNode
}) {
  return (
    <div className="flex flex-1 flex-col items-center px-4 py-8 sm:py-16">
      <div className={wide ? 'w-full max-w-md' : 'w-full max-w-sm'}>
        <div className="flex flex-col items-center gap-2 pb-6 text-center">
          <Logo className="size-8" />
          <h1 className="text-xl font-semibold tracking-tight text-balance">{heading}</h1>
          {lead !== undefined && <p className="text-base text-balance text-muted wrap-anywhere">{lead}</p>}
        </div>
        {children !== undefined && (
          <div className="rounded-lg border border-line bg-surface p-5 shadow-float">{children}</div>
        )}
        {footer !== undefined && <p className="pt-4 text-center text-muted">{footer}</p>}
      </div>
    </div>
  )
}
