import { Fragment } from 'react'
import { t } from '../i18n'
import { setShortcuts, useShortcutsOn } from '../lib/shortcuts'
import { Dialog } from './Dialog'
import { Button } from './ui'

/** The list of single-key shortcuts. */
export function KeysDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const on = useShortcutsOn()
  return (
    <Dialog open={open} title={t.keys.title} onClose={onClose}>
      <dl className="mt-4 grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-2">
        {t.keys.list.map(([keys, what]) => (
          <Fragment key={keys}>
            <dt className="flex gap-1">
              {keys.split(' ').map((key) => (
                <kbd
                  key={key}
                  className="rounded-sm border border-line-strong bg-raised px-1.5 font-mono text-xs"
                >
                  {key}
                </kbd>
              ))}
            </dt>
            <dd className="text-muted">{what}</dd>
          </Fragment>
        ))}
      </dl>
      <div className="mt-5 flex flex-wrap items-center justify-between gap-3">
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            checked={on}
            onChange={(event) => {
              setShortcuts(event.target.checked)
            }}
            className="size-4 accent-accent-solid"
          />
          {t.keys.on}
        </label>
        <Button onClick={onClose}>{t.keys.close}</Button>
      </div>
    </Dialog>
  )
}
