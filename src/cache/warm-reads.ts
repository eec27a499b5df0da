/** Reads files: in another thread, or at once those that the page cache must have. */

import type { Clock } from '../base/clock.ts'
import type { Files } from './files.ts'
import type { HotFile } from './hot-files.ts'

/** So soon after it was read the page cache has a file still, but for a machine that is out of memory. */
const warmForMs = 10_000
/** Of a longer file the copying alone would hold up the others: 100 KiB take some 20 µs. */
const mostBytes = 128 * 1024
/** A read that took so long has met a disk: for a while there are no more of its kind. */
const slowMs = 5
const pauseMs = 1000

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

  /** Bytes read into the buffers, from the file's beginning. Rejects as reading does. */
  async read(file: HotFile, buffers: readonly Uint8Array[], bytes: number): Promise<number> {
    const startedMs = this.#clock.monotonicMs()
    if (bytes > mostBytes || startedMs - file.readAtMs > warmForMs || startedMs < this.#pausedUntilMs) {
      const read = await this.#files.read(file.fd, buffers)
      file.readAtMs = this.#clock.monotonicMs()
      return read
    }
    const read = this.#files.readNow(file.fd, buffers)
    file.readAtMs = this.#clock.monotonicMs()
    if (file.readAtMs - startedMs > slowMs) this.#pausedUntilMs = file.readAtMs + pauseMs
    return read
  }
}
