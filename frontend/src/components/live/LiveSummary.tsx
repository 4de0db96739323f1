import { useEffect, useRef, useState } from 'react'
import { useAnalyze } from '../../contexts/analyze'
import { t } from '../../i18n'
import { formatRate, formatScore, formatShare } from '../../lib/format'
import { moodWord, trendOf } from '../../lib/mood'

/** Shortest time between two announcements, ms. */
const interval = 10_000

/**
 * Tells a screen reader how chat feels, at most every ten seconds and only
 * when the mood's word or its trend changed. Messages are never announced.
 */
export function LiveSummary() {
  const { store } = useAnalyze()
  const [text, setText] = useState('')
  const last = useRef('')
  useEffect(() => {
    const id = setInterval(() => {
      const { ready, mood, rate, counts } = store.getState()
      if (!ready || mood.now === null) return
      const gist = moodWord(mood.now) + trendOf(mood.trend)
      if (gist === last.current) return
      last.current = gist
      setText(
        t.live.summary({
          mood: `${moodWord(mood.now)}, ${t.mood.trend[trendOf(mood.trend)]}`,
          score: formatScore(mood.now),
          rate: formatRate(rate.m1),
          positive: formatShare(counts.positive, counts.total),
          negative: formatShare(counts.negative, counts.total),
        }),
      )
    }, interval)
    return () => {
      clearInterval(id)
    }
  }, [store])
  return (
    <p aria-live="polite" className="sr-only">
      {text}
    </p>
  )
}
