/** The largest event that is read, in UTF-16 units. The server's largest is a hello of a few hundred thousand. */
export const maxEvent = 16 << 20

/**
 * Reads server-sent events from text that arrives in pieces
 * (https://html.spec.whatwg.org/multipage/server-sent-events.html). Only the
 * data is of interest: where to resume is known from the frames themselves.
 */
export class EventReader {
  private rest = ''
  /** How much of rest was searched for a line's end already. */
  private searched = 0
  private data: string[] = []
  private size = 0
  private first = true

  /** Takes a piece and returns the data of the events that it completed. Throws where one is too large. */
  push(piece: string): string[] {
    this.rest += piece
    if (this.first && this.rest !== '') {
      this.first = false
      if (this.rest.startsWith('\u{feff}')) this.rest = this.rest.slice(1)
    }
    const events: string[] = []
    let from = 0
    for (;;) {
      lineEnd.lastIndex = Math.max(from, this.searched)
      const found = lineEnd.exec(this.rest)
      if (found === null) break
      const end = found.index + found[0].length
      // A carriage return at the very end may be the first half of a line's end.
      if (found[0] === '\r' && end === this.rest.length) break
      const event = this.line(this.rest.slice(from, found.index))
      if (event !== undefined) events.push(event)
      from = end
    }
    this.rest = this.rest.slice(from)
    this.searched = this.rest.endsWith('\r') ? this.rest.length - 1 : this.rest.length
    if (this.rest.length + this.size > maxEvent) throw new Error('an event is too large')
    return events
  }

  /** Takes one line; an empty one ends the event, whose data is returned. */
  private line(line: string): string | undefined {
    if (line === '') {
      if (this.data.length === 0) return undefined
      const event = this.data.join('\n')
      this.data = []
      this.size = 0
      return event
    }
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    if (name !== 'data') return undefined
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    this.data.push(value)
    this.size += value.length
    return undefined
  }
}

const lineEnd = /\r\n|\n|\r/g
