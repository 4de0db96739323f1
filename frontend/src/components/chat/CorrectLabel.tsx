import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, ApiError } from '../../api/client'
import { useAuth } from '../../contexts/auth'
import { t } from '../../i18n'
import { labels, type ChatMessage, type Label } from '../../live/protocol'
import { LabelTag } from '../LabelGlyph'
import { Button } from '../ui'

/** Lets who is signed in say what a message's label should have been. */
export function CorrectLabel({ message, channel }: { message: ChatMessage; channel: string }) {
  const { user } = useAuth()
  const queries = useQueryClient()
  const [label, setLabel] = useState<Label>()
  const done = async () => {
    await queries.invalidateQueries({ queryKey: ['why', message.text] })
  }
  const correct = useMutation({
    mutationFn: (to: Label) => api.correct(channel, message, to),
    onSuccess: async (_, to) => {
      setLabel(to)
      await done()
    },
  })
  const undo = useMutation({
    mutationFn: () => api.uncorrect(channel, message.id),
    onSuccess: async () => {
      setLabel(undefined)
      await done()
    },
  })
  if (user === undefined) return null
  if (user === null) return <p className="mt-3 text-xs text-faint">{t.correct.guests}</p>
  const failed = correct.error ?? undo.error
  const busy = correct.isPending || undo.isPending
  return (
    <fieldset className="mt-4 border-t border-line pt-3" disabled={busy}>
      <legend className="sr-only">{t.correct.title}</legend>
      <h3 aria-hidden className="text-xs font-medium text-muted">
        {t.correct.title}
      </h3>
      <p className="mt-1 text-xs text-faint">{t.correct.what}</p>
      <div className="mt-2 flex flex-wrap items-center gap-2">
        {labels.map((l) => (
          <Button
            key={l}
            className="aria-pressed:border-accent aria-pressed:ring-1 aria-pressed:ring-accent"
            aria-pressed={label === l}
            onClick={() => {
              if (l !== label) correct.mutate(l)
            }}
          >
            <LabelTag label={l} />
          </Button>
        ))}
        {label !== undefined && (
          <Button
            variant="ghost"
            onClick={() => {
              undo.mutate()
            }}
          >
            {t.correct.undo}
          </Button>
        )}
      </div>
      <p role="status" className="mt-2 text-muted empty:mt-0">
        {label === undefined ? (undo.isSuccess ? t.correct.undone : '') : t.correct.done(t.label[label])}
      </p>
      {failed !== null && (
        <p role="alert" className="mt-1 text-bad">
          {failed instanceof ApiError ? failed.message : t.correct.failed}
        </p>
      )}
    </fieldset>
  )
}
