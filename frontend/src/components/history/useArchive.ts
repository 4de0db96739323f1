import { useMutation, useQueryClient } from '@tanstack/react-query'
import { history, type HistoryEntry } from '../../api/history'
import { t } from '../../i18n'
import { toast } from '../../lib/toast'

/** Archives and restores, with a message that says so. */
export function useArchive(entry: HistoryEntry) {
  const queries = useQueryClient()
  const archived = entry.status === 'deleted'
  return useMutation({
    mutationFn: (): Promise<unknown> => (archived ? history.restore(entry._id) : history.archive(entry._id)),
    onSuccess: async () => {
      toast.done(archived ? t.entry.restored : t.entry.archivedDone)
      // The server shows an archived entry only in its list: what was fetched of it is over.
      for (const part of ['entry', 'side'])
        queries.removeQueries({ queryKey: ['history', part, entry._id], type: 'inactive' })
      for (const part of ['list', 'tags']) await queries.invalidateQueries({ queryKey: ['history', part] })
    },
    onError: (error) => {
      toast.bad(archived ? t.entry.restore : t.entry.archive, error.message)
    },
  })
}
