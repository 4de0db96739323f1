import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ExternalLink, Square } from 'lucide-react'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { api } from '../../api/client'
import { useAnalyze, useLive } from '../../contexts/analyze'
import { useAuth } from '../../contexts/auth'
import { useNow } from '../../hooks/useNow'
import { t } from '../../i18n'
import { formatDateTimeZone, formatElapsed, isoDuration } from '../../lib/format'
import { toast } from '../../lib/toast'
import { Dialog } from '../Dialog'
import { StatusPill } from '../StatusPill'
import { ErrorState } from '../states'
import { buttonClass } from '../buttonClass'
import { Button } from '../ui'
import { SaveButton } from '../history/SaveButton'
import { PictureInPicture } from './PictureInPicture'
import { StartButton } from './StartButton'

/** Which channel, how it stands, since when; and the way to stop it. */
export function LiveHeader() {
  const { channel, link } = useAnalyze()
  const status = useLive((s) => s.status)
  const stopped = useLive((s) => s.stopped)
  const sessionId = useLive((s) => s.sessionId)
  const over = stopped || link.state === 'closed'
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
      <h1 className="min-w-0 truncate text-xl font-semibold tracking-tight max-sm:flex-1">{channel}</h1>
      <span className="flex items-center gap-3 max-sm:order-1 max-sm:w-full">
        <StatusPill link={link} status={status} />
        <Elapsed />
        <span className="text-xs text-faint max-xl:sr-only">{t.live.leaving}</span>
      </span>
      <span className="flex flex-wrap items-center gap-1.5 sm:ml-auto">
        <a
          href={`https://www.twitch.tv/${channel}`}
          target="_blank"
          rel="noreferrer"
          aria-label={t.common.openOnTwitch}
          title={t.common.openOnTwitch}
          className={buttonClass('ghost', 'w-8 px-0')}
        >
          <ExternalLink aria-hidden className="size-4" />
        </a>
        <PictureInPicture />
        {over ? (
          <>
            {sessionId !== '' && stopped && (
              <Link to={`/sessions/${sessionId}`} className={buttonClass()}>
                {t.live.report}
              </Link>
            )}
            {stopped && sessionId !== '' && <SaveButton channel={channel} sessionId={sessionId} />}
            <StartButton label={t.live.startAgain} />
          </>
        ) : (
          <>
            {sessionId !== '' && <SaveButton channel={channel} sessionId={sessionId} />}
            <StopButton />
          </>
        )}
      </span>
    </div>
  )
}

function Elapsed() {
  const startedAt = useLive((s) => s.startedAt)
  const stopped = useLive((s) => s.stopped)
  const since = useLive((s) => s.status?.since)
  const offset = useLive((s) => s.clockOffset)
  const now = useNow(1000, !stopped)
  if (startedAt === 0) return null
  const end = stopped && since !== undefined ? Date.parse(since) : now + offset
  const seconds = Math.max(0, (end - startedAt) / 1000)
  return (
    <time
      dateTime={isoDuration(seconds)}
      title={formatDateTimeZone(startedAt)}
      aria-label={`${t.live.elapsed} ${formatElapsed(seconds)}`}
      className="num text-base text-muted"
    >
      {formatElapsed(seconds)}
    </time>
  )
}

function StopButton() {
  const { channel } = useAnalyze()
  const [asking, setAsking] = useState(false)
  const queries = useQueryClient()
  const { user } = useAuth()
  const navigate = useNavigate()
  const stop = useMutation({
    mutationFn: () => api.disconnect(channel),
    onSuccess: async (told) => {
      setAsking(false)
      toast.done(told.message)
      // A guest's page counts as somebody who watches until it is closed.
      if (user == null) await navigate(`/sessions?channel=${channel}`)
      await queries.invalidateQueries({ queryKey: ['sessions'] })
    },
  })
  const close = () => {
    setAsking(false)
    stop.reset()
  }
  return (
    <>
      <Button
        onClick={() => {
          setAsking(true)
        }}
      >
        <Square aria-hidden className="size-3 fill-current" />
        {t.live.stop}
      </Button>
      <Dialog open={asking} title={t.live.stopTitle(channel)} onClose={close}>
        <p className="mt-2 text-base text-muted">{t.live.stopText}</p>
        {stop.isError && (
          <div className="mt-3">
            <ErrorState error={stop.error} />
          </div>
        )}
        <div className="mt-5 flex flex-wrap justify-end gap-2">
          <Button onClick={close}>{t.common.cancel}</Button>
          <Button
            variant="danger"
            disabled={stop.isPending}
            onClick={() => {
              stop.mutate()
            }}
          >
            {stop.isPending ? t.live.stopping : t.live.stopConfirm}
          </Button>
        </div>
      </Dialog>
    </>
  )
}
