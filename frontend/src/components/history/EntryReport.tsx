import type { UseQueryResult } from '@tanstack/react-query'
import type { ShownEntry } from '../../api/history'
import type { Report } from '../../api/types'
import { ReportView } from '../report/ReportView'
import { ErrorState, Loading } from '../states'
import { EntryFigures } from './EntryFigures'

/** The report of an entry as far as it is there; of older entries what is known of them. */
export function EntryReport({
  entry,
  report,
  people = true,
}: {
  entry: ShownEntry
  report: UseQueryResult<Report>
  /** False where nobody is named. */
  people?: boolean
}) {
  if (entry.has_report !== true) return <EntryFigures entry={entry} people={people} />
  if (report.data !== undefined) return <ReportView report={report.data} people={people} />
  if (report.isError) return <ErrorState error={report.error} onRetry={() => void report.refetch()} />
  return <Loading />
}
