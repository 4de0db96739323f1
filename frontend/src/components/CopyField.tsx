import { Copy } from 'lucide-react'
import { useRef } from 'react'
import { t } from '../i18n'
import { toast } from '../lib/toast'
import { inputClass } from './form/fields'
import { Button } from './ui'

/** A text to copy, such as a link that is shown once. */
export function CopyField({ label, text }: { label: string; text: string }) {
  const field = useRef<HTMLInputElement>(null)
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      toast.done(t.common.copied)
    } catch {
      field.current?.select()
      toast.warn(t.common.copyFailed)
    }
  }
  return (
    <div className="flex gap-2">
      <input
        ref={field}
        readOnly
        aria-label={label}
        value={text}
        onFocus={(event) => {
          event.target.select()
        }}
        className={inputClass}
      />
      <Button className="min-h-9" onClick={() => void copy()}>
        <Copy aria-hidden className="size-3.5" />
        {t.common.copy}
      </Button>
    </div>
  )
}
