import { useMutation, useQueryClient } from '@tanstack/react-query'
import { BookmarkPlus } from 'lucide-react'
import { Link } from 'react-router'
import { history } from '../../api/history'
import { useAuth } from '../../contexts/auth'
import { t } from '../../i18n'
import { toast } from '../../lib/toast'
import { buttonClass } from '../buttonClass'
import { Button } from '../ui'

/** Saves an analysis to the history of whoever is signed in. */
export function SaveButton({ channel, sessionId }: { channel: string; sessionId: string }) {
  const { user } = useAuth()
  const queries = useQueryClient()
  const save = useMutation({
    mutationFn: () => history.save(channel, sessionId),
    onSuccess: async () => {
      toast.done(t.entry.saved)
      await queries.invalidateQueries({ queryKey: ['history'] })
    },
    onError: (error) => {
      toast.bad(t.entry.save, error.message)
    },
  })
  if (user == null) return null
  if (save.data !== undefined) {
    return (
      <Link to={`/history/${save.data.history_id}`} className={buttonClass()}>
        {t.entry.savedAs}
      </Link>
    )
  }
  return (
    <Button
      disabled={save.isPending}
      onClick={() => {
        save.mutate()
      }}
    >
      <BookmarkPlus aria-hidden className="size-3.5" />
      {save.isPending ? t.entry.saving : t.entry.save}
    </Button>
  )
}
