import { useQuery } from '@tanstack/react-query'
import { Archive, ChevronLeft, Share2 } from 'lucide-react'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { history, type HistoryEntry } from '../api/history'
import { ApiError } from '../api/transport'
import { buttonClass } from '../components/buttonClass'
import { EntryHeading } from '../components/history/EntryHeading'
import { EntryNotes } from '../components/history/EntryNotes'
import { EntryReport } from '../components/history/EntryReport'
import { EntrySummary, RewriteSummary } from '../components/history/EntrySummary'
import { ExportMenu } from '../components/history/ExportMenu'
import { entryName } from '../components/history/names'
import { ShareDialog } from '../components/history/ShareDialog'
import { useArchive } from '../components/history/useArchive'
import { EmptyState, ErrorState, Loading } from '../components/states'
import { Button } from '../components/ui'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'

/** `/history/:id`: a saved analysis. */
export default function EntryPage() {
  const { id = '' } = useParams()
  const entry = useQuery({
    queryKey: ['history', 'entry', id],
    queryFn: ({ signal }) => history.get(id, signal),
  })
  useTitle(entry.data === undefined ? t.history.title : t.entry.title(entryName(entry.data)))
  if (entry.data !== undefined) return <Entry entry={entry.data} />
  if (entry.isPending) return <Loading />
  if (entry.error instanceof ApiError && entry.error.status === 404) {
    return (
      <EmptyState heading={t.entry.notFound} text={t.entry.notFoundText}>
        <Link to="/history" className={buttonClass()}>
          {t.entry.back}
        </Link>
      </EmptyState>
    )
  }
  return (
    <div className="mx-auto flex w-full max-w-5xl flex-col gap-4 px-4 py-6">
      <h1 className="text-xl font-semibold tracking-tight">{t.history.title}</h1>
      <ErrorState error={entry.error} onRetry={() => void entry.refetch()} />
    </div>
  )
}

function Entry({ entry: e }: { entry: HistoryEntry }) {
  const navigate = useNavigate()
  const [sharing, setSharing] = useState(false)
  const archive = useArchive(e)
  const data = useQuery({
    queryKey: ['history', 'data', e._id],
    queryFn: ({ signal }) => history.data(e._id, signal),
    enabled: e.has_report === true,
    staleTime: Infinity,
  })
  return (
    <div className="mx-auto flex w-full max-w-6xl flex-col gap-3 p-3 sm:py-5">
      <Link to="/history" className="inline-flex items-center gap-1 self-start text-accent hover:underline">
        <ChevronLeft aria-hidden className="size-3.5" />
        {t.entry.back}
      </Link>
      <EntryHeading entry={e}>
        <Button
          onClick={() => {
            setSharing(true)
          }}
        >
          <Share2 aria-hidden className="size-3.5" />
          {t.entry.share}
        </Button>
        <ExportMenu path={history.reportPath(e._id)} />
        <Button
          disabled={archive.isPending}
          onClick={() => {
            archive.mutate(undefined, { onSuccess: () => void navigate('/history') })
          }}
        >
          <Archive aria-hidden className="size-3.5" />
          {t.entry.archive}
        </Button>
      </EntryHeading>
      <div className="grid grid-cols-1 gap-3 lg:grid-cols-[2fr_1fr]">
        <EntrySummary entry={e}>{e.has_report === true && <RewriteSummary id={e._id} />}</EntrySummary>
        <EntryNotes key={e._id} entry={e} />
      </div>
      <EntryReport entry={e} report={data} />
      <ShareDialog
        id={e._id}
        open={sharing}
        onClose={() => {
          setSharing(false)
        }}
      />
    </div>
  )
}
