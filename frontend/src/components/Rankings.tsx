import * as Tabs from '@radix-ui/react-tabs'
import type { ReactNode } from 'react'
import type { Chatters, Term } from '../api/types'
import { t } from '../i18n'
import { formatCount, formatShort } from '../lib/format'
import { list } from '../lib/list'
import { labels } from '../live/protocol'
import { LabelGlyph } from './LabelGlyph'
import { SplitBar } from './SplitBar'

const shown = 10

const tabClass =
  '-mb-px inline-flex items-center gap-1 border-b-2 border-transparent px-1 py-1 text-xs text-muted hover:text-text ' +
  'data-[state=active]:border-accent data-[state=active]:text-text'

/** Who writes most, in all and by label. */
export function TopChatters({ chatters }: { chatters: Chatters }) {
  const kinds = ['all', ...labels] as const
  return (
    <Tabs.Root defaultValue="all" className="flex min-w-0 flex-col rounded-lg border border-line bg-surface">
      <RankingHeader title={t.top.chatters} label={t.top.chattersTabs}>
        {kinds.map((kind) => (
          <Tabs.Trigger key={kind} value={kind} className={tabClass}>
            {kind !== 'all' && <LabelGlyph label={kind} />}
            {t.label[kind]}
          </Tabs.Trigger>
        ))}
      </RankingHeader>
      {kinds.map((kind) => {
        const ranked = list(chatters.top[kind]).slice(0, shown)
        const most = ranked[0]?.count ?? 1
        return (
          <Tabs.Content key={kind} value={kind} className="px-3 pt-1.5 pb-2.5">
            {ranked.length === 0 ? (
              <p className="py-2 text-muted">{t.top.none}</p>
            ) : (
              <ol>
                {ranked.map((c) => (
                  <RankRow
                    key={c.login}
                    name={c.name}
                    title={c.login}
                    count={c.count}
                    share={c.count / most}
                  />
                ))}
              </ol>
            )}
            <ErrorNote error={chatters.top_error} />
          </Tabs.Content>
        )
      })}
    </Tabs.Root>
  )
}

/** What is said most: words and emotes, with the company they keep. */
export function TopTerms({
  terms,
  emotes,
  error,
  learned,
  onFind,
}: {
  terms: readonly Term[]
  emotes: readonly Term[]
  error: number
  /** What the channel's own emotes have been learnt to mean. */
  learned?: ReactNode
  /** Shows the messages that contain a term. */
  onFind?: (text: string) => void
}) {
  const lists = { words: terms, emotes }
  return (
    <Tabs.Root
      defaultValue="words"
      className="flex min-w-0 flex-col rounded-lg border border-line bg-surface"
    >
      <RankingHeader title={t.top.wordsEmotes} label={t.top.wordsEmotes}>
        <Tabs.Trigger value="words" className={tabClass}>
          {t.top.words}
        </Tabs.Trigger>
        <Tabs.Trigger value="emotes" className={tabClass}>
          {t.top.emotes}
        </Tabs.Trigger>
        {learned !== undefined && (
          <Tabs.Trigger value="learned" className={tabClass}>
            {t.learned.title}
          </Tabs.Trigger>
        )}
      </RankingHeader>
      {(['words', 'emotes'] as const).map((kind) => {
        const ranked = lists[kind].slice(0, shown)
        return (
          <Tabs.Content key={kind} value={kind} className="px-3 pt-1.5 pb-2.5">
            {ranked.length === 0 ? (
              <p className="py-2 text-muted">{t.top.noTerms}</p>
            ) : (
              <ol>
                {ranked.map((term) => (
                  <li
                    key={term.term}
                    className="grid h-6 grid-cols-[minmax(0,1fr)_4rem_3rem] items-center gap-2"
                  >
                    {onFind === undefined ? (
                      <bdi className="truncate">{term.term}</bdi>
                    ) : (
                      <button
                        type="button"
                        title={t.top.find(term.term)}
                        onClick={() => {
                          onFind(term.term)
                        }}
                        className="truncate rounded-sm text-left hover:text-accent hover:underline"
                      >
                        <bdi>{term.term}</bdi>
                      </button>
                    )}
                    <SplitBar
                      counts={{
                        total: term.positive + term.neutral + term.negative,
                        positive: term.positive,
                        neutral: term.neutral,
                        negative: term.negative,
                      }}
                      className="h-1.5"
                    />
                    <span className="num text-right text-muted" title={formatCount(term.count)}>
                      {formatShort(term.count)}
                    </span>
                  </li>
                ))}
              </ol>
            )}
            <ErrorNote error={error} />
          </Tabs.Content>
        )
      })}
      {learned !== undefined && (
        <Tabs.Content value="learned" className="px-3 pt-1.5 pb-2.5">
          {learned}
        </Tabs.Content>
      )}
    </Tabs.Root>
  )
}

function RankingHeader({ title, label, children }: { title: string; label: string; children: ReactNode }) {
  return (
    <header className="flex flex-wrap items-end justify-between gap-x-3 border-b border-line px-3 pt-1.5">
      <h2 className="py-1 text-xs font-medium text-muted">{title}</h2>
      <Tabs.List aria-label={label} className="flex flex-wrap gap-x-2">
        {children}
      </Tabs.List>
    </header>
  )
}

function RankRow({
  name,
  title,
  count,
  share,
}: {
  name: string
  title: string
  count: number
  share: number
}) {
  return (
    <li className="relative flex h-6 items-center justify-between gap-3" title={title}>
      <span
        aria-hidden
        className="absolute inset-y-0.5 -left-1 rounded-sm bg-raised"
        style={{ width: `calc(${Math.max(2, share * 100)}% + 0.25rem)` }}
      />
      <bdi className="relative truncate">{name}</bdi>
      <span className="num relative text-muted">{formatCount(count)}</span>
    </li>
  )
}

function ErrorNote({ error }: { error: number }) {
  return error > 0 ? <p className="pt-1 text-xs text-faint">{t.top.atMost(formatCount(error))}</p> : null
}
