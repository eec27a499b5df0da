/** Cuts a client that leaves what waits for it untouched. */

import type { Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { transportOf } from './transport.ts'

/** Looks per limit: a stall is cut at most a quarter late. */
const looksPerLimit = 4

export interface Watched {
  /** There is something to take. */
  isWaiting(): boolean
  /** How much was taken so far: any other number than at the last look is progress. */
  taken(): number
  cut(): void
}

/** Cuts when something waits and nothing of it was taken for `limitMs`. The returned function ends the watch. */
export function watchForStall(watched: Watched, clock: Clock, limitMs: number): () => void {
  let taken = watched.taken()
  let movedAt = clock.monotonicMs()
  let cancel = clock.alarm(limitMs / looksPerLimit, look)
  function look(): void {
    const takenNow = watched.taken()
    if (!watched.isWaiting() || takenNow !== taken) {
      taken = takenNow
      movedAt = clock.monotonicMs()
    } else if (clock.monotonicMs() - movedAt >= limitMs) {
      watched.cut()
      return
    }
    cancel = clock.alarm(limitMs / looksPerLimit, look)
  }
  return () => cancel()
}

/**
 * What the kernel has taken of the bytes written to a socket, those of TLS around them included. One write of a megabyte
 * to a slow reader lasts minutes, and is progress all along.
 */
export function takenByKernel(socket: Socket): number {
  const transport = transportOf(socket)
  return transport.bytesWritten - bytesUnderWay(transport)
}

/** What of the write under way the kernel has not taken yet. node shows it to its own timeouts only; a test watches that it is there. */
export function bytesUnderWay(socket: Socket): number {
  const { _handle: handle } = transportOf(socket) as Socket & {
    readonly _handle?: { readonly writeQueueSize?: number } | null
  }
  return handle?.writeQueueSize ?? 0
}
