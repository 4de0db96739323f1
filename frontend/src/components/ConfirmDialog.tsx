import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { t } from '../i18n'
import { Dialog } from './Dialog'
import { FormError } from './form/fields'
import { Button } from './ui'

/** Asks before something that cannot be undone, and says why it failed if it does. */
export function ConfirmDialog({
  open,
  title,
  text,
  confirm,
  danger = true,
  run,
  onClose,
  children,
}: {
  open: boolean
  title: string
  text: ReactNode
  /** Name of the button that does it. */
  confirm: string
  danger?: boolean
  run: () => Promise<unknown>
  onClose: () => void
  children?: ReactNode
}) {
  const action = useMutation({ mutationFn: run, onSuccess: onClose })
  const close = () => {
    action.reset()
    onClose()
  }
  return (
    <Dialog open={open} title={title} onClose={close}>
      <p className="mt-2 text-base text-muted">{text}</p>
      {children}
      <div className="mt-3">
        <FormError message={action.error?.message} />
      </div>
      <div className="mt-4 flex flex-wrap justify-end gap-2">
        <Button onClick={close}>{t.common.cancel}</Button>
        <Button
          variant={danger ? 'danger' : 'solid'}
          disabled={action.isPending}
          onClick={() => {
            action.mutate()
          }}
        >
          {action.isPending ? t.form.working : confirm}
        </Button>
      </div>
    </Dialog>
  )
}
