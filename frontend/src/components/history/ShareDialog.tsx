import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { history } from '../../api/history'
import { t } from '../../i18n'
import { formatDateTime } from '../../lib/format'
import { toast } from '../../lib/toast'
import { CopyField } from '../CopyField'
import { Dialog } from '../Dialog'
import { FormError, SelectField } from '../form/fields'
import { ErrorState, Loading } from '../states'
import { Button } from '../ui'

const chatterChoices = ['names', 'pseudonyms', 'none'] as const

/** Makes links to a report, lists them, and takes them back. */
export function ShareDialog({ id, open, onClose }: { id: string; open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} title={t.entry.shareTitle} onClose={onClose}>
      <Shares id={id} />
      <div className="mt-5 flex justify-end">
        <Button onClick={onClose}>{t.common.close}</Button>
      </div>
    </Dialog>
  )
}

function Shares({ id }: { id: string }) {
  const queries = useQueryClient()
  const [hours, setHours] = useState('168')
  const [chatters, setChatters] = useState<string>('pseudonyms')
  const key = ['history', 'shares', id]
  const shares = useQuery({ queryKey: key, queryFn: ({ signal }) => history.shares(id, signal) })
  const make = useMutation({
    mutationFn: () => history.share(id, Number(hours), chatters),
    onSuccess: () => queries.invalidateQueries({ queryKey: key }),
  })
  const revoke = useMutation({
    mutationFn: (shareId: string) => history.revoke(id, shareId),
    onSuccess: async (_answer, shareId) => {
      if (make.data?.share.id === shareId) make.reset()
      toast.done(t.entry.revoked)
      await queries.invalidateQueries({ queryKey: key })
    },
  })
  return (
    <div className="flex flex-col gap-4">
      <p className="mt-2 text-base text-muted">{t.entry.shareText}</p>
      <div className="flex flex-wrap items-end gap-3">
        <SelectField
          className="flex-1 basis-32"
          label={t.entry.shareFor}
          value={hours}
          options={Object.entries(t.entry.shareSpans)}
          onChange={setHours}
        />
        <SelectField
          className="flex-1 basis-40"
          label={t.entry.chatters}
          value={chatters}
          options={chatterChoices.map((c) => [c, t.entry.chatterChoices[c]] as const)}
          onChange={setChatters}
        />
        <Button
          variant="solid"
          className="min-h-9 max-sm:w-full"
          disabled={make.isPending}
          onClick={() => {
            make.mutate()
          }}
        >
          {make.isPending ? t.form.working : t.entry.makeLink}
        </Button>
      </div>
      <FormError message={(make.error ?? revoke.error)?.message} />
      {make.data !== undefined && (
        <div className="flex flex-col gap-1">
          <p className="text-muted">{t.entry.newLink}</p>
          <CopyField label={t.entry.newLink} text={make.data.link} />
        </div>
      )}
      <section>
        <h3 className="text-xs font-medium text-muted">{t.entry.links}</h3>
        {shares.data === undefined ? (
          shares.isError ? (
            <ErrorState error={shares.error} onRetry={() => void shares.refetch()} />
          ) : (
            <Loading className="p-4" />
          )
        ) : shares.data.length === 0 ? (
          <p className="py-2 text-muted">{t.entry.noLinks}</p>
        ) : (
          <ul className="mt-1 flex max-h-56 flex-col overflow-y-auto" tabIndex={0} aria-label={t.entry.links}>
            {shares.data.map((s) => (
              <li key={s.id} className="flex items-center gap-3 border-line py-1.5 not-last:border-b">
                <div className="num min-w-0 flex-1 text-muted">
                  <p className="text-text">{t.entry.linkEnds(formatDateTime(Date.parse(s.expires_at)))}</p>
                  <p className="text-xs">
                    {t.entry.linkMade(formatDateTime(Date.parse(s.created_at)))} ·{' '}
                    {t.entry.linkViews(s.views)}
                    {s.chatters in t.entry.chatterChoices &&
                      ` · ${t.entry.chatters}: ${t.entry.chatterChoices[s.chatters as 'names']}`}
                  </p>
                </div>
                <Button
                  variant="danger"
                  disabled={revoke.isPending}
                  onClick={() => {
                    revoke.mutate(s.id)
                  }}
                >
                  {t.entry.revoke}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </section>
    </div>
  )
}
