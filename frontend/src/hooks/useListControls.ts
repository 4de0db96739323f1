import { useCallback } from 'react'
import type { Sorting } from '../components/lists'
import { useListParams } from './useListParams'

interface ListParams extends Record<string, string | number> {
  page: number
  limit: number
  search: string
  sort: string
  direction: string
}

/** A list's parameters from the address, and what search field, headings and pager need of them. */
export function useListControls<T extends ListParams>(defaults: T) {
  const [params, set] = useListParams(defaults)
  const change = useCallback(
    (values: Partial<ListParams>) => {
      // Each of the keys is one of T's.
      set(values as Partial<T>)
    },
    [set],
  )
  const onSearch = useCallback(
    (search: string) => {
      change({ search })
    },
    [change],
  )
  const sorting: Sorting = {
    sort: params.sort,
    direction: params.direction,
    onSort: (sort, direction) => {
      change({ sort, direction })
    },
  }
  const pager = {
    page: params.page,
    limit: params.limit,
    onPage: (page: number) => {
      change({ page })
    },
    onLimit: (limit: number) => {
      change({ limit })
    },
  }
  return { params, set, onSearch, sorting, pager }
}
