import { useMemo } from 'react'
import { useLive } from '../../contexts/analyze'
import { useAddress } from '../../hooks/useAddress'
import { t } from '../../i18n'
import { formatClock } from '../../lib/format'
import { Flag, hasFlag, isUncounted } from '../../live/protocol'
import { Card } from '../ui'

const most = 8

/** The last questions that were asked in chat, newest first. */
export function Questions() {
  const rows = useLive((s) => s.rows)
  const [, put] = useAddress()
  const asked = useMemo(() => {
    const found = []
    for (let i = rows.length - 1; i >= 0 && found.length < most; i--) {
      const row = rows[i]
      if (row?.kind !== 'message' || row.deleted) continue
      if (hasFlag(row.message, Flag.question) && !isUncounted(row.message)) found.push(row.message)
    }
    return found
  }, [rows])
  return (
    <Card
      title={t.questions.title}
      aside={
        asked.length > 0 ? (
          <button
            type="button"
            className="text-xs text-accent hover:underline"
            onClick={() => {
              put({ only: 'question' })
            }}
          >
            {t.questions.find}
          </button>
        ) : undefined
      }
    >
      {asked.length === 0 ? (
        <p className="text-muted">{t.questions.none}</p>
      ) : (
        <ul className="flex flex-col gap-1">
          {asked.map((m) => (
            <li key={m.id} className="flex items-baseline gap-2">
              <span className="min-w-0 flex-1 wrap-anywhere">
                <bdi className="font-medium">{m.name}</bdi> <bdi className="text-muted">{m.text}</bdi>
              </span>
              <time dateTime={new Date(m.time).toISOString()} className="num shrink-0 text-xs text-faint">
                {formatClock(m.time)}
              </time>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}
