/** Short messages that come and go at the edge of the page. */
export interface Toast {
  id: number
  kind: 'done' | 'warn' | 'bad'
  title: string
  text: string | undefined
}

let toasts: readonly Toast[] = []
let nextId = 1
const listeners = new Set<() => void>()
/** The oldest give way to newer ones. */
const most = 4

function change(next: readonly Toast[]): void {
  toasts = next
  for (const listener of listeners) listener()
}

const show = (kind: Toast['kind']) => (title: string, text?: string) => {
  const same = toasts.filter((x) => x.title !== title || x.text !== text)
  change([...same, { id: nextId++, kind, title, text }].slice(-most))
}

export const toast = {
  done: show('done'),
  warn: show('warn'),
  bad: show('bad'),
  dismiss: (id: number): void => {
    change(toasts.filter((x) => x.id !== id))
  },
  list: (): readonly Toast[] => toasts,
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  },
}
