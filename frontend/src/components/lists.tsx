import { ArrowDown, ArrowUp, ChevronLeft, ChevronRight, Search, X } from 'lucide-react'
import { useRef, type ReactNode } from 'react'
import { useHotkeys } from '../hooks/useHotkeys'
import { useTyped } from '../hooks/useTyped'
import { t } from '../i18n'
import { cx } from '../lib/cx'
import { formatCount } from '../lib/format'
import { Select } from './form/fields'
import { IconButton } from './ui'

/** Wait before a search goes to the server, ms. */
const searchDelay = 250

/** A search field whose text goes out when the typing pauses. `/` goes to it. */
export function SearchField({
  label,
  value,
  onSearch,
  className,
}: {
  label: string
  value: string
  onSearch: (text: string) => void
  className?: string
}) {
  const [text, setText] = useTyped(value, onSearch, searchDelay)
  const field = useRef<HTMLInputElement>(null)
  useHotkeys({ '/': () => field.current?.focus() })
  return (
    <label
      className={cx(
        'flex min-w-0 items-center gap-1.5 rounded-md border border-line bg-surface px-2 focus-within:outline-2 focus-within:outline-accent',
        className,
      )}
    >
      <Search aria-hidden className="size-3.5 shrink-0 text-faint" />
      <input
        ref={field}
        type="search"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
        }}
        aria-label={label}
        placeholder={label}
        maxLength={200}
        spellCheck={false}
        className="h-8 w-full min-w-0 bg-transparent outline-none placeholder:text-faint [&::-webkit-search-cancel-button]:hidden"
      />
      {text !== '' && (
        <button
          type="button"
          aria-label={t.common.clear}
          onClick={() => {
            setText('')
            field.current?.focus()
          }}
          className="rounded-sm text-muted hover:text-text"
        >
          <X aria-hidden className="size-4" />
        </button>
      )}
    </label>
  )
}

export interface Sorting {
  sort: string
  direction: string
  onSort: (sort: string, direction: 'asc' | 'desc') => void
}

/** The head of a column that the list can be sorted by. */
export function SortHeader({
  name,
  column,
  sorting,
  className,
  first = 'desc',
}: {
  name: string
  column: string
  sorting: Sorting
  className?: string
  /** The direction of the first press. */
  first?: 'asc' | 'desc'
}) {
  const active = sorting.sort === column
  const Arrow = sorting.direction === 'asc' ? ArrowUp : ArrowDown
  return (
    <th
      role="columnheader"
      scope="col"
      aria-sort={active ? (sorting.direction === 'asc' ? 'ascending' : 'descending') : 'none'}
      className={className}
    >
      <button
        type="button"
        title={t.common.sortBy(name)}
        onClick={() => {
          sorting.onSort(column, active ? (sorting.direction === 'asc' ? 'desc' : 'asc') : first)
        }}
        className={cx(
          '-mx-1 inline-flex items-center gap-1 rounded-sm px-1 font-medium hover:text-text',
          active && 'text-text',
        )}
      >
        {name}
        <Arrow aria-hidden className={cx('size-3', !active && 'invisible')} />
      </button>
    </th>
  )
}

/** Which rows of how many, and the way to others. */
export function Pager({
  page,
  pages,
  total,
  limit,
  sizes = [10, 20, 50, 100],
  onPage,
  onLimit,
}: {
  page: number
  pages: number
  total: number
  limit: number
  sizes?: readonly number[]
  onPage: (page: number) => void
  onLimit: (limit: number) => void
}) {
  const from = total === 0 ? 0 : (page - 1) * limit + 1
  const to = Math.min(total, page * limit)
  return (
    <nav
      aria-label={t.common.page(formatCount(page), formatCount(Math.max(1, pages)))}
      className="num flex flex-wrap items-center justify-end gap-x-4 gap-y-2 text-muted"
    >
      <Select
        label={t.common.perPage}
        value={String(limit)}
        options={sizes.map((n) => [String(n), String(n)] as const)}
        onChange={(value) => {
          onLimit(Number(value))
        }}
      />
      <span data-testid="rows">
        {total === 0
          ? t.common.noRows
          : t.common.rows(formatCount(from), formatCount(to), formatCount(total))}
      </span>
      <span className="flex gap-1">
        <IconButton
          label={t.common.previous}
          disabled={page <= 1}
          className="border border-line disabled:opacity-50"
          onClick={() => {
            onPage(page - 1)
          }}
        >
          <ChevronLeft aria-hidden className="size-4" />
        </IconButton>
        <IconButton
          label={t.common.next}
          disabled={page >= pages}
          className="border border-line disabled:opacity-50"
          onClick={() => {
            onPage(page + 1)
          }}
        >
          <ChevronRight aria-hidden className="size-4" />
        </IconButton>
      </span>
    </nav>
  )
}

/** A table in the page's look. Rows may stack on phones by the classes of their cells. */
export function Table({
  label,
  head,
  children,
  busy = false,
}: {
  label: string
  head: ReactNode
  children: ReactNode
  /** Newer rows are on their way. */
  busy?: boolean
}) {
  return (
    <div className="overflow-x-auto rounded-lg border border-line bg-surface">
      <table
        role="table"
        aria-label={label}
        aria-busy={busy}
        className={cx(
          'w-full border-collapse text-left transition-opacity max-sm:block',
          busy && 'opacity-60',
        )}
      >
        <thead role="rowgroup" className="text-xs text-muted max-sm:sr-only">
          <tr role="row" className="border-b border-line *:px-3 *:py-2 *:font-medium *:whitespace-nowrap">
            {head}
          </tr>
        </thead>
        <tbody role="rowgroup" className="max-sm:block">
          {children}
        </tbody>
      </table>
    </div>
  )
}

/** The classes of a row of [Table]: cells beside each other on phones, wrapping. */
export const rowClass =
  'relative border-line not-last:border-b hover:bg-raised max-sm:flex max-sm:flex-wrap max-sm:items-center max-sm:gap-x-3 max-sm:gap-y-0.5 max-sm:px-3 max-sm:py-2.5 sm:*:px-3 sm:*:py-2'
