import { t } from '../i18n'
import type { HistoryEntry } from './history'
import { session } from './session'
import { apiElsewhere, apiURL, ApiError, problemOf, renew } from './transport'

/** A log that was analysed and saved, and what was read of it. */
export type Imported = HistoryEntry & {
  source?: {
    lines: number
    problem_count: number
    problems: string[] | null
    truncated: boolean
    notes: string[] | null
  }
}

/**
 * Sends a log to be analysed; `told` learns what share of it was sent. fetch
 * does not tell how far an upload is, hence the older way.
 */
export function uploadLog(
  file: File,
  query: { channel: string; format: string; tz: string },
  told: (share: number) => void,
): { done: Promise<Imported>; cancel: () => void } {
  const abort = new AbortController()
  const done = (async () => {
    const first = await sendFile(file, query, told, abort.signal)
    // The sign-in may have run out while the page lay open.
    if (first.status !== 401 || (await renew()) !== undefined) return answerOf(first)
    return answerOf(await sendFile(file, query, told, abort.signal))
  })()
  return {
    done,
    cancel: () => {
      abort.abort()
    },
  }
}

function sendFile(
  file: File,
  query: { channel: string; format: string; tz: string },
  told: (share: number) => void,
  signal: AbortSignal,
): Promise<Response> {
  return new Promise((ok, fail) => {
    const request = new XMLHttpRequest()
    request.open('POST', apiURL('/api/history/import', { ...query, name: file.name }))
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    const token = session.token()
    if (apiElsewhere && token !== null) request.setRequestHeader('Authorization', `Bearer ${token}`)
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) told(event.loaded / event.total)
    }
    request.upload.onload = () => {
      told(1)
    }
    request.onload = () => {
      ok(
        new Response(request.responseText, {
          status: request.status,
          headers: { 'Retry-After': request.getResponseHeader('Retry-After') ?? '0' },
        }),
      )
    }
    request.onerror = () => {
      fail(new ApiError(t.errors.away, 0))
    }
    request.onabort = () => {
      fail(new ApiError(t.upload.cancelled, 0))
    }
    signal.addEventListener('abort', () => {
      request.abort()
    })
    request.send(file)
  })
}

async function answerOf(response: Response): Promise<Imported> {
  const body: unknown = await response.json().catch(() => undefined)
  if (!response.ok) throw problemOf(body, response)
  return body as Imported
}
