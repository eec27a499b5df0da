/** Reads files: in another thread, or at once those that the page cache must have. */

import type { Clock } from '../base/clock.ts'
import type { Files } from './files.ts'
import type { HotFile } from './hot-files.ts'

/** So soon after it was read the page cache has a file still, but for a machine that is out of memory. */
const warmForMs = 10_000
/** Of a longer file the copying alone would hold up the others: 100 KiB take some 20 µs. */
const mostBytes = 128 * 1024
/** A read that took so long has met a disk, or another process had the core. */
const slowMs = 5
/** For so many times as long there is none: the process waits for disks a twentieth of its time at most. */
const pauseFactor = 20

/**
 * The hand-over to another thread and back costs 20 µs and more, a read of 4 KiB from the page cache 2. There is no way to
 * ask whether the page cache has it, so a file that was read a moment ago is taken to be there.
 */
export class WarmReads {
  readonly #files: Files
  readonly #clock: Clock
  #pausedUntilMs = -Infinity

  constructor(files: Files, clock: Clock) {
    this.#files = files
    this.#clock = clock
  }

  /** Bytes read into the buffers, from the file's beginning, in another thread. Rejects as reading does. */
  async read(file: HotFile, buffers: readonly Uint8Array[]): Promise<number> {
    const read = await this.#files.read(file.fd, buffers)
    file.readAtMs = this.#clock.monotonicMs()
    return read
  }

  /** Whether so much of it may be read at once. */
  isWarm(file: HotFile, bytes: number): boolean {
    if (bytes > mostBytes) return false
    const now = this.#clock.monotonicMs()
    return now - file.readAtMs <= warmForMs && now >= this.#pausedUntilMs
  }

  /** Like `read`, with the whole process waiting. Throws as reading does. */
  readNow(file: HotFile, buffers: readonly Uint8Array[]): number {
    const startedMs = this.#clock.monotonicMs()
    const read = this.#files.readNow(file.fd, buffers)
    file.readAtMs = this.#clock.monotonicMs()
    const tookMs = file.readAtMs - startedMs
    if (tookMs > slowMs) this.#pausedUntilMs = file.readAtMs + tookMs * pauseFactor
    return read
  }
}
