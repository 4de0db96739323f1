import type { ShownEntry } from '../../api/history'

/** What an entry is called: its name, else its channel. */
export const entryName = (e: Pick<ShownEntry, 'name' | 'streamer_name'>): string =>
  e.name === undefined || e.name === '' ? e.streamer_name : e.name

export const entryCounts = (e: Pick<ShownEntry, 'total_chats' | 'sentiment_count'>) => {
  const { positive, neutral, negative } = e.sentiment_count
  // Documents of the older system may hold a total that is not the sum.
  return { total: positive + neutral + negative, positive, neutral, negative }
}

/** When it took place: the start of the analysis, or else when it was saved. */
export const entryTime = (e: Pick<ShownEntry, 'started_at' | 'created_at'>): number =>
  Date.parse(e.started_at ?? e.created_at)

/** Tags from what was typed: trimmed, without empty and repeated ones. */
export const parseTags = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ''),
  ),
]
