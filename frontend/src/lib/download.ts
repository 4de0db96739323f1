import { apiFetch, apiURL, problemOf, type SendOptions } from '../api/transport'

/**
 * Fetches a file and hands it to the browser to keep. A refusal is thrown as a
 * sentence, where a plain link would lead away to an error page.
 */
export async function download(path: string, query: SendOptions['query'] = {}): Promise<void> {
  const response = await apiFetch(new Request(apiURL(path, query)))
  if (!response.ok) throw problemOf(await response.json().catch(() => undefined), response)
  const url = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = fileNameOf(response.headers.get('Content-Disposition')) ?? 'chatmood'
  document.body.append(link)
  link.click()
  link.remove()
  // The browser has taken the file when the click has been handled.
  setTimeout(() => {
    URL.revokeObjectURL(url)
  }, 60_000)
}

/** The name that a Content-Disposition header proposes. */
export function fileNameOf(header: string | null): string | undefined {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(header ?? '')?.[1]
  if (encoded !== undefined) {
    try {
      return decodeURIComponent(encoded)
    } catch {
      // The plain form, then.
    }
  }
  return /filename="?([^";]+)"?/i.exec(header ?? '')?.[1]?.trim()
}
