import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { history, type HistoryEntry } from '../../api/history'
import { t } from '../../i18n'
import { toast } from '../../lib/toast'
import { Field, FormError, inputClass, TextField } from '../form/fields'
import { Button, Card } from '../ui'
import { parseTags } from './names'

/** Name, tags and note: what the owner adds to the figures. */
export function EntryNotes({ entry: e }: { entry: HistoryEntry }) {
  const queries = useQueryClient()
  const [name, setName] = useState(e.name ?? '')
  const [tags, setTags] = useState((e.tags ?? []).join(', '))
  const [note, setNote] = useState(e.note ?? '')
  const change = useMutation({
    mutationFn: () => history.change(e._id, { name: name.trim(), tags: parseTags(tags), note }),
    onSuccess: async (changed) => {
      toast.done(t.form.saved)
      setTags((changed.tags ?? []).join(', '))
      queries.setQueryData(['history', 'entry', e._id], changed)
      await queries.invalidateQueries({ queryKey: ['history'], refetchType: 'active' })
    },
  })
  const changed =
    name.trim() !== (e.name ?? '') ||
    note !== (e.note ?? '') ||
    parseTags(tags).join() !== (e.tags ?? []).join()
  return (
    <Card title={t.entry.edit}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          change.mutate()
        }}
        className="flex flex-col gap-3"
      >
        <TextField
          label={t.entry.name}
          placeholder={t.entry.namePlaceholder}
          value={name}
          maxLength={200}
          onChange={(event) => {
            setName(event.target.value)
          }}
        />
        <TextField
          label={t.entry.tags}
          hint={t.entry.tagsHint}
          value={tags}
          onChange={(event) => {
            setTags(event.target.value)
          }}
        />
        <Field label={t.entry.note}>
          {(ids) => (
            <textarea
              {...ids}
              rows={4}
              value={note}
              maxLength={10_000}
              placeholder={t.entry.notePlaceholder}
              onChange={(event) => {
                setNote(event.target.value)
              }}
              className={`${inputClass} h-auto py-2`}
            />
          )}
        </Field>
        <FormError message={change.error?.message} />
        <Button
          type="submit"
          variant={changed ? 'solid' : 'soft'}
          disabled={!changed || change.isPending}
          className="self-start"
        >
          {change.isPending ? t.form.working : t.form.save}
        </Button>
      </form>
    </Card>
  )
}
