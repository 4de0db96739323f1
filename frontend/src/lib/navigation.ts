/** A text that the page which led here put into the navigation's state. */
export function stateText(state: unknown, key: string): string {
  if (typeof state !== 'object' || state === null) return ''
  const value = (state as Record<string, unknown>)[key]
  return typeof value === 'string' ? value : ''
}
