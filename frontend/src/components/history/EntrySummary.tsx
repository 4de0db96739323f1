import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { infoQuery } from '../../api/queries'
import { history, type ShownEntry } from '../../api/history'
import { t } from '../../i18n'
import { toast } from '../../lib/toast'
import { FormError } from '../form/fields'
import { Button, Card } from '../ui'

/** What happened in words, and who wrote them. */
export function EntrySummary({ entry: e, children }: { entry: ShownEntry; children?: ReactNode }) {
  const by = e.summary_by
  return (
    <Card
      title={t.entry.summary}
      aside={
        by !== undefined && by !== '' && e.summary !== '' ? (
          <span className="text-xs text-faint">
            {by === 'rules' ? t.entry.summaryBy.rules : t.entry.summaryBy.model(by)}
          </span>
        ) : undefined
      }
    >
      {e.summary === '' ? (
        <p className="text-muted">{t.entry.noSummary}</p>
      ) : (
        <p dir="auto" className="max-w-prose text-base wrap-anywhere whitespace-pre-line">
          {e.summary}
        </p>
      )}
      {children}
    </Card>
  )
}

/** Lets the summary of one's own entry be written anew. */
export function RewriteSummary({ id }: { id: string }) {
  const queries = useQueryClient()
  // The server only offers who it has: a model where one is set up.
  const writers = useQuery(infoQuery).data?.summaries ?? ['rules']
  const rewrite = useMutation({
    mutationFn: (writer: 'rules' | 'model') => history.summarize(id, writer),
    onSuccess: async (told) => {
      // The model could not; the rules wrote it, and why is told.
      if (told.fallback !== undefined && told.fallback !== '') toast.warn(t.entry.summarized, told.fallback)
      else toast.done(t.entry.summarized)
      await queries.invalidateQueries({ queryKey: ['history', 'entry', id] })
    },
  })
  return (
    <div className="mt-3 flex flex-col gap-2">
      <FormError message={rewrite.error?.message} />
      <div className="flex flex-wrap gap-2">
        {(['rules', 'model'] as const)
          .filter((writer) => writers.includes(writer))
          .map((writer) => (
            <Button
              key={writer}
              variant="ghost"
              className="border border-line"
              disabled={rewrite.isPending}
              onClick={() => {
                rewrite.mutate(writer)
              }}
            >
              {rewrite.isPending && rewrite.variables === writer
                ? t.form.working
                : writer === 'rules'
                  ? t.entry.rewrite
                  : t.entry.rewriteModel}
            </Button>
          ))}
      </div>
    </div>
  )
}
