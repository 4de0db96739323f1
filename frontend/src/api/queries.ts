import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api } from './client'

/** What this server is; it does not change while it runs. */
export const infoQuery = queryOptions({
  queryKey: ['info'],
  queryFn: ({ signal }) => api.info(signal),
  staleTime: 5 * 60_000,
})

/** The running analyses, renewed while somebody looks. */
export const channelsQuery = queryOptions({
  queryKey: ['channels'],
  queryFn: async ({ signal }) => (await api.channels(signal)).channels,
  refetchInterval: 2000,
})

/** Finished sessions page by page; an empty channel means all. */
export const sessionsQuery = (channel: string, limit = 30) =>
  infiniteQueryOptions({
    queryKey: ['sessions', channel, limit],
    queryFn: ({ pageParam, signal }) => api.sessions({ channel, before: pageParam, limit }, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    // One that was just left ends a moment later.
    refetchInterval: 5000,
  })

/** A finished session's report; it never changes. */
export const sessionQuery = (id: string) =>
  queryOptions({
    queryKey: ['session', id],
    queryFn: ({ signal }) => api.session(id, signal),
    staleTime: Infinity,
  })
