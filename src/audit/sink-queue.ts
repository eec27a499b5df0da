/** Lines on their way to a sink: first in, first out, and bounded. A full queue keeps what it has, and takes no more. */

import type { AuditLine } from './audit-sink.ts'

export interface QueueBounds {
  readonly maxLines: number
  readonly maxBytes: number
}

/** A minute and a half at 1,000 requests a second, and more memory than that takes only for very long lines. */
export const sinkBounds: QueueBounds = { maxLines: 100_000, maxBytes: 64 << 20 }

export class SinkQueue {
  readonly #bounds: QueueBounds
  #lines: AuditLine[] = []
  /** Lines before this index have left. */
  #first = 0
  #bytes = 0

  constructor(bounds: QueueBounds = sinkBounds) {
    this.#bounds = bounds
  }

  get depth(): number {
    return this.#lines.length - this.#first
  }

  get bytes(): number {
    return this.#bytes
  }

  /** False: there is no room, and the line is not taken. */
  push(line: AuditLine): boolean {
    if (this.depth >= this.#bounds.maxLines || this.#bytes + line.bytes > this.#bounds.maxBytes) return false
    this.#lines.push(line)
    this.#bytes += line.bytes
    return true
  }

  /** The oldest lines, up to so many bytes and one at least, unless the queue is empty. They stay. */
  peek(maxBytes: number): readonly AuditLine[] {
    let end = this.#first
    for (let left = maxBytes; end < this.#lines.length; end++) {
      left -= this.#lines[end]?.bytes ?? 0
      if (left < 0 && end > this.#first) break
    }
    return this.#lines.slice(this.#first, end)
  }

  /** The oldest `count` lines leave. */
  shift(count: number): void {
    const end = Math.min(this.#first + count, this.#lines.length)
    for (let index = this.#first; index < end; index++) this.#bytes -= this.#lines[index]?.bytes ?? 0
    this.#first = end
    if (this.#first * 2 < this.#lines.length) return
    this.#lines = this.#lines.slice(this.#first)
    this.#first = 0
  }
}
