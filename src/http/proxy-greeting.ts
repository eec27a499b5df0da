/** A PROXY header taken off a connection, and nothing else of what its client says. */

import type { Socket } from 'node:net'
import { type ProxyHeader, parseProxyHeader } from './proxy-protocol.ts'

export interface GreetingEvents {
  /** What follows the header is there to be read. */
  greeted(header: ProxyHeader & { readonly kind: 'header' }): void
  /** What came is no such header, or ended in the middle of one. */
  failed(): void
}

export function readProxyHeader(socket: Socket, events: GreetingEvents): void {
  let received: Buffer = Buffer.alloc(0)
  const read = () => {
    const chunk: Buffer | null = socket.read()
    if (chunk === null) return
    received = Buffer.concat([received, chunk])
    const header = parseProxyHeader(received)
    if (header.kind === 'incomplete') return
    stop()
    if (header.kind === 'malformed') events.failed()
    else {
      if (received.length > header.bytes) socket.unshift(received.subarray(header.bytes))
      events.greeted(header)
    }
  }
  const ended = () => {
    stop()
    events.failed()
  }
  const stop = () => {
    socket.off('readable', read)
    socket.off('end', ended)
  }
  socket.on('readable', read)
  socket.on('end', ended)
}
