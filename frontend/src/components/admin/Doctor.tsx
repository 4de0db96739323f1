import { useQuery } from '@tanstack/react-query'
import { CircleCheck, CircleMinus, CircleX, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { admin, type Examination, type Finding, type FindingStatus } from '../../api/admin'
import { t } from '../../i18n'
import { formatClock, formatCount } from '../../lib/format'
import { ErrorState } from '../states'
import { Button, Card } from '../ui'

const texts = t.admin.doctor

/** What the server finds when it examines the machine that it runs on. */
export function Doctor() {
  const found = useQuery({
    queryKey: ['admin', 'doctor'],
    queryFn: ({ signal }) => admin.doctor(signal),
    staleTime: 60_000, // as long as the server tells the same again
    refetchOnWindowFocus: false,
  })
  return (
    <Card title={texts.title}>
      {found.data !== undefined ? (
        <Findings
          examination={found.data}
          looking={found.isFetching}
          onAgain={() => {
            void found.refetch()
          }}
        />
      ) : found.isError ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : (
        <p role="status" className="text-muted">
          {texts.looking}
        </p>
      )}
    </Card>
  )
}

const marks = {
  ok: { Icon: CircleCheck, tone: 'text-ok' },
  skipped: { Icon: CircleMinus, tone: 'text-muted' },
  warning: { Icon: TriangleAlert, tone: 'text-warn' },
  failed: { Icon: CircleX, tone: 'text-bad' },
} as const satisfies Record<FindingStatus, unknown>

const isWell = (f: Finding) => f.status === 'ok' || f.status === 'skipped'

export function Findings({
  examination,
  looking,
  onAgain,
}: {
  examination: Examination
  looking: boolean
  onAgain: () => void
}) {
  const [all, setAll] = useState(false)
  const bad = examination.findings.filter((f) => !isWell(f))
  bad.sort((a, b) => Number(b.status === 'failed') - Number(a.status === 'failed'))
  const shown = all ? [...bad, ...examination.findings.filter(isWell)] : bad
  const count = formatCount(examination.findings.length)
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <div>
          <p className="font-medium">
            {bad.length === 0 ? texts.allWell(count) : texts.notWell(formatCount(bad.length), count)}
          </p>
          <p className="text-xs text-muted">
            {texts.about} {texts.seenAt(formatClock(Date.parse(examination.at)))}
          </p>
        </div>
        <Button onClick={onAgain} disabled={looking}>
          {texts.again}
        </Button>
      </div>
      <ul className="flex flex-col gap-3">
        {shown.map((f) => (
          <FindingRow key={`${f.group}/${f.check}`} finding={f} />
        ))}
      </ul>
      <label className="flex items-center gap-2 text-muted">
        <input
          type="checkbox"
          checked={all}
          onChange={(e) => {
            setAll(e.target.checked)
          }}
        />
        {texts.all}
      </label>
    </div>
  )
}

function FindingRow({ finding: f }: { finding: Finding }) {
  const { Icon, tone } = marks[f.status]
  return (
    <li className="flex gap-2">
      <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${tone}`} />
      <div className="min-w-0 wrap-anywhere">
        <p>
          <Said text={f.check} className="font-medium" />
          <span className={`ml-2 text-xs ${tone}`}>{texts.status[f.status]}</span>
        </p>
        <p className="text-muted">
          <Said text={f.seen} />
        </p>
        {f.why !== undefined && (
          <p className="text-xs text-muted">
            {texts.why}: <Said text={f.why} />
          </p>
        )}
        {f.mend !== undefined && (
          <p className="mt-1">
            {texts.mend}:{' '}
            <code className="rounded bg-raised px-1 py-0.5 text-xs">
              <Said text={f.mend} />
            </code>
          </p>
        )}
      </div>
    </li>
  )
}

/** What the doctor says, in the page's language where that is known, else marked as the English that it is. */
function Said({ text, className }: { text: string; className?: string }) {
  const told = texts.says(text)
  return (
    <span lang={told === text ? 'en' : undefined} className={className}>
      {told}
    </span>
  )
}
