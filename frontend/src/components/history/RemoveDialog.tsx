import { useQueryClient } from '@tanstack/react-query'
import { history, type HistoryEntry } from '../../api/history'
import { t } from '../../i18n'
import { toast } from '../../lib/toast'
import { ConfirmDialog } from '../ConfirmDialog'
import { entryName } from './names'

export function RemoveDialog({
  entry,
  open,
  onClose,
}: {
  entry: HistoryEntry
  open: boolean
  onClose: () => void
}) {
  const queries = useQueryClient()
  return (
    <ConfirmDialog
      open={open}
      title={t.entry.removeTitle(entryName(entry))}
      text={t.entry.removeText}
      confirm={t.entry.remove}
      onClose={onClose}
      run={async () => {
        await history.remove(entry._id)
        toast.done(t.entry.removed)
        await queries.invalidateQueries({ queryKey: ['history', 'list'] })
      }}
    />
  )
}
