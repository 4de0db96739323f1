import { WebSocket } from 'ws'

interface Wire {
  type: string
  recent?: { id: string }[]
  m?: { id: string }[]
}

/** A second client beside the page, on a line that is never cut: what it saw is what the server sent. */
export class Observer {
  readonly ids: string[] = []
  private readonly socket: WebSocket

  private constructor(url: string) {
    this.socket = new WebSocket(url, 'chatmood.v1')
    this.socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Wire
      for (const m of frame.recent ?? frame.m ?? []) this.ids.push(m.id)
    })
  }

  static async watch(server: string, channel: string): Promise<Observer> {
    const observer = new Observer(`${server.replace(/^http/, 'ws')}/ws/chat/${channel}`)
    await new Promise((ok, fail) => {
      observer.socket.once('open', ok)
      observer.socket.once('error', fail)
    })
    return observer
  }

  close(): void {
    this.socket.terminate()
  }
}
