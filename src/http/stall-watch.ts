/** Cuts a client that leaves what waits for it untouched. */

import type { Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'

/** Looks per limit: a stall is cut at most a quarter late. */
const looksPerLimit = 4

/**
 * Destroys the socket when bytes wait on it and none was taken for `limitMs`. What counts is what the kernel took of
 * them, not what was written: one write of a megabyte to a slow reader lasts minutes, and is progress all along. The
 * returned function ends the watch.
 */
export function watchForStall(socket: Socket, clock: Clock, limitMs: number): () => void {
  let written = socket.bytesWritten
  let queued = queuedBytes(socket)
  let movedAt = clock.monotonicMs()
  let cancel = clock.alarm(limitMs / looksPerLimit, look)
  function look(): void {
    const moved = socket.writableLength === 0 || socket.bytesWritten !== written || queuedBytes(socket) !== queued
    if (moved) {
      written = socket.bytesWritten
      queued = queuedBytes(socket)
      movedAt = clock.monotonicMs()
    } else if (clock.monotonicMs() - movedAt >= limitMs) {
      socket.destroy()
      return
    }
    cancel = clock.alarm(limitMs / looksPerLimit, look)
  }
  return () => cancel()
}

/** What of the write under way the kernel has not taken yet. node shows it to its own timeouts only; a test watches that it is there. */
function queuedBytes(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null }
  return handle?.writeQueueSize ?? 0
}
