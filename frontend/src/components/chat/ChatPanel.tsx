import * as Menu from '@radix-ui/react-dropdown-menu'
import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, Check, ListFilter, Pause, Play, Search, X } from 'lucide-react'
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react'
import { useLive } from '../../contexts/analyze'
import { useHotkeys } from '../../hooks/useHotkeys'
import { useTheme } from '../../hooks/useTheme'
import { t } from '../../i18n'
import { cx } from '../../lib/cx'
import { setEmotePictures, useEmotePictures } from '../../lib/emotePictures'
import { formatCount } from '../../lib/format'
import { labels, type ChatMessage } from '../../live/protocol'
import type { Row } from '../../live/store'
import { LabelGlyph } from '../LabelGlyph'
import { menuClass, menuItemClass } from '../menu'
import { Button, IconButton } from '../ui'
import { ChatRow } from './MessageRow'
import { filterRows, traits, useChatFilter, type ChatFilter } from './useChatFilter'
import { WhyDialog } from './WhyDialog'

/** Height of a row of one line, px; the others are measured. */
const rowEstimate = 26
/** So near to the end counts as being there, px. */
const endThreshold = 48
/** A scroll so soon after the reader's own input is theirs, ms. */
const inputWindow = 400

/** The live chat: virtual rows, filter and search, pause by scrolling up. */
export function ChatPanel({ className }: { className?: string }) {
  const live = useLive((s) => s.rows)
  const ready = useLive((s) => s.ready)
  const channel = useLive((s) => (s.stopped ? '' : s.channel))
  const filter = useChatFilter()
  const query = useDeferredValue(filter.query)
  const wanted = useMemo(
    () => ({ labels: filter.labels, traits: filter.traits, query }),
    [filter.labels, filter.traits, query],
  )
  const [asked, setAsked] = useState<ChatMessage>()
  // As it is now: its label may be corrected while it is looked at.
  const shown = useMemo(() => {
    const row = asked === undefined ? undefined : live.find((r) => r.key === asked.id)
    return row?.kind === 'message' ? row.message : asked
  }, [asked, live])
  const { theme } = useTheme()
  const pictures = useEmotePictures().origin
  const search = useRef<HTMLInputElement>(null)

  // While paused, the rows of that moment stay, so that nothing moves under
  // the reader's eyes; only deletions still reach them.
  const [frozen, setFrozen] = useState<{ rows: readonly Row[]; byScroll: boolean }>()
  const base = useMemo(() => (frozen === undefined ? live : refresh(frozen.rows, live)), [frozen, live])
  const rows = useMemo(() => filterRows(base, wanted), [base, wanted])
  const fresh = useMemo(() => {
    const last = frozen?.rows.at(-1)?.order
    if (last === undefined) return 0
    return filterRows(
      live.filter((r) => r.order > last),
      wanted,
    ).length
  }, [frozen, live, wanted])

  const pause = useCallback(
    (byScroll: boolean) => {
      setFrozen((old) => old ?? { rows: live, byScroll })
    },
    [live],
  )
  const resume = useCallback(() => {
    setFrozen(undefined)
  }, [])

  useHotkeys({
    '/': () => search.current?.focus(),
    p: () => {
      if (frozen === undefined) pause(false)
      else resume()
    },
    '1': () => {
      filter.toggle('positive')
    },
    '2': () => {
      filter.toggle('neutral')
    },
    '3': () => {
      filter.toggle('negative')
    },
    '0': filter.clear,
  })

  return (
    <section
      aria-label={t.chat.title}
      className={cx('@container flex min-h-0 min-w-0 flex-col bg-surface', className)}
    >
      <header className="flex flex-col gap-2 border-b border-line px-3 pt-2 pb-2">
        <div className="flex items-center gap-2">
          <h2 className="sr-only">{t.chat.title}</h2>
          <label className="flex min-w-0 flex-1 items-center gap-1.5 rounded-md border border-line bg-raised px-2 focus-within:outline-2 focus-within:outline-accent">
            <Search aria-hidden className="size-3.5 shrink-0 text-faint" />
            <input
              ref={search}
              type="search"
              value={filter.query}
              onChange={(event) => {
                filter.setQuery(event.target.value)
              }}
              onKeyDown={(event) => {
                if (event.key !== 'Escape') return
                if (filter.query === '') search.current?.blur()
                else filter.setQuery('')
              }}
              aria-label={t.chat.search}
              placeholder={t.chat.searchPlaceholder}
              className="h-7.5 w-full min-w-0 bg-transparent outline-none placeholder:text-faint [&::-webkit-search-cancel-button]:hidden"
            />
            {filter.query !== '' && (
              <button
                type="button"
                aria-label={t.chat.clear}
                onClick={() => {
                  filter.setQuery('')
                  search.current?.focus()
                }}
                className="rounded-sm text-muted hover:text-text"
              >
                <X aria-hidden className="size-4" />
              </button>
            )}
          </label>
          <IconButton
            label={frozen === undefined ? t.chat.pause : t.chat.resume}
            aria-pressed={frozen !== undefined}
            className="aria-pressed:bg-accent-soft aria-pressed:text-accent"
            onClick={() => {
              if (frozen === undefined) pause(false)
              else resume()
            }}
          >
            {frozen === undefined ? (
              <Pause aria-hidden className="size-4" />
            ) : (
              <Play aria-hidden className="size-4" />
            )}
          </IconButton>
        </div>
        <Filters filter={filter} />
      </header>
      {rows.length === 0 ? (
        <div className="flex flex-1 flex-col items-center justify-center gap-3 p-6 text-center text-muted">
          {filter.active && base.length > 0 ? (
            <>
              <p>{t.chat.noMatch}</p>
              <Button onClick={filter.clear}>{t.chat.clearFilter}</Button>
            </>
          ) : (
            <p>{ready ? t.chat.waiting : t.common.loading}</p>
          )}
        </div>
      ) : (
        <ChatList
          rows={rows}
          theme={theme}
          pictures={pictures}
          following={frozen === undefined}
          byScroll={frozen?.byScroll === true}
          onPause={pause}
          onResume={resume}
          onAsk={setAsked}
        />
      )}
      <WhyDialog
        message={shown}
        channel={channel}
        onClose={() => {
          setAsked(undefined)
        }}
        onPerson={filter.setQuery}
      />
      {frozen !== undefined && (
        <div className="flex justify-center border-t border-line p-1.5">
          <Button variant="solid" onClick={resume} className="num rounded-full! px-4">
            <ArrowDown aria-hidden className="size-3.5" />
            {fresh > 0 ? t.chat.newestCount(formatCount(fresh)) : t.chat.newest}
          </Button>
        </div>
      )}
    </section>
  )
}

const chipClass =
  'inline-flex min-h-6 items-center gap-1 rounded-full border border-line px-2 text-xs text-muted hover:text-text ' +
  'aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-text'

/** What of chat is shown: labels always at hand, the rest in a menu and, once chosen, beside them. */
function Filters({ filter }: { filter: ChatFilter }) {
  const all = filter.labels.size === labels.length
  const pictures = useEmotePictures()
  return (
    <div role="group" aria-label={t.chat.filter} className="flex flex-wrap gap-1">
      <button
        type="button"
        aria-pressed={all && filter.traits.size === 0}
        onClick={filter.clear}
        className={chipClass}
      >
        {t.label.all}
      </button>
      {labels.map((label) => (
        <button
          key={label}
          type="button"
          aria-pressed={!all && filter.labels.has(label)}
          onClick={() => {
            filter.toggle(label)
          }}
          className={chipClass}
        >
          <LabelGlyph label={label} className="size-2" />
          {t.label[label]}
        </button>
      ))}
      {traits
        .filter((trait) => filter.traits.has(trait))
        .map((trait) => (
          <button
            key={trait}
            type="button"
            aria-pressed
            onClick={() => {
              filter.toggleTrait(trait)
            }}
            className={chipClass}
          >
            {t.chat.traits[trait]}
            <X aria-hidden className="size-3" />
          </button>
        ))}
      <Menu.Root modal={false}>
        <Menu.Trigger aria-label={t.chat.more} title={t.chat.more} className={chipClass}>
          <ListFilter aria-hidden className="size-3" />
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Content align="end" sideOffset={4} collisionPadding={8} className={menuClass}>
            {traits.map((trait) => (
              <Menu.CheckboxItem
                key={trait}
                checked={filter.traits.has(trait)}
                className={menuItemClass}
                onSelect={(event) => {
                  event.preventDefault()
                  filter.toggleTrait(trait)
                }}
              >
                <span className="flex size-4 items-center justify-center">
                  <Menu.ItemIndicator>
                    <Check aria-hidden className="size-4 text-accent" />
                  </Menu.ItemIndicator>
                </span>
                {t.chat.traits[trait]}
              </Menu.CheckboxItem>
            ))}
            {pictures.host !== undefined && (
              <>
                <Menu.Separator className="my-1 h-px bg-line" />
                <Menu.CheckboxItem
                  checked={pictures.on}
                  className={cx(menuItemClass, 'h-auto! max-w-64 items-start! py-1.5')}
                  onSelect={(event) => {
                    event.preventDefault()
                    setEmotePictures(!pictures.on)
                  }}
                >
                  <span className="flex size-4 shrink-0 items-center justify-center">
                    <Menu.ItemIndicator>
                      <Check aria-hidden className="size-4 text-accent" />
                    </Menu.ItemIndicator>
                  </span>
                  <span>
                    {t.chat.pictures}
                    <span className="block text-xs text-muted">{t.chat.picturesHint(pictures.host)}</span>
                  </span>
                </Menu.CheckboxItem>
              </>
            )}
          </Menu.Content>
        </Menu.Portal>
      </Menu.Root>
    </div>
  )
}

function ChatList({
  rows,
  theme,
  pictures,
  following,
  byScroll,
  onPause,
  onResume,
  onAsk,
}: {
  rows: readonly Row[]
  theme: 'light' | 'dark'
  pictures: string | undefined
  following: boolean
  byScroll: boolean
  onPause: (byScroll: boolean) => void
  onResume: () => void
  onAsk: (message: ChatMessage) => void
}) {
  const box = useRef<HTMLDivElement>(null)
  const lastInput = useRef(0)
  const getItemKey = useCallback((i: number) => rows[i]?.key ?? i, [rows])
  // The virtualizer's functions change with every scroll; nothing below is memoised by them.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowEstimate,
    getItemKey,
    overscan: 6,
    anchorTo: 'end',
    followOnAppend: following,
    scrollEndThreshold: endThreshold,
  })

  useEffect(() => {
    if (following) virtual.scrollToEnd()
    // Only when following begins again: appended rows are followed by the virtualizer.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [following])

  const onInput = () => {
    lastInput.current = performance.now()
  }
  const onScroll = () => {
    const element = box.current
    if (element === null || performance.now() - lastInput.current > inputWindow) return
    const distance = element.scrollHeight - element.scrollTop - element.clientHeight
    if (following && distance > endThreshold) onPause(true)
    else if (!following && byScroll && distance <= 2) onResume()
  }

  const items = virtual.getVirtualItems()
  return (
    <div
      ref={box}
      role="region"
      aria-label={t.chat.list}
      tabIndex={0}
      data-testid="chat"
      onScroll={onScroll}
      onWheel={onInput}
      onTouchMove={onInput}
      onPointerDown={onInput}
      onPointerMove={(event) => {
        if (event.buttons !== 0) onInput()
      }}
      onKeyDown={onInput}
      className="min-h-0 flex-1 overflow-y-auto overscroll-contain py-1 [overflow-anchor:none] focus-visible:-outline-offset-2"
    >
      <ol className="relative w-full" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index]
          return row === undefined ? null : (
            <li
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className="absolute inset-x-0 top-0 contain-layout contain-style"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <ChatRow row={row} theme={theme} pictures={pictures} onAsk={onAsk} />
            </li>
          )
        })}
      </ol>
    </div>
  )
}

/** The frozen rows with what became of them since. */
function refresh(frozen: readonly Row[], live: readonly Row[]): readonly Row[] {
  const now = new Map(live.map((r) => [r.key, r]))
  return frozen.map((r) => now.get(r.key) ?? r)
}
