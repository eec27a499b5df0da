/** Slots that all threads of the process share, as the one sees it that sets their bounds and learns which of the others end. */

import type { Clock } from '../base/clock.ts'
import type { ProxyRequest } from '../http/messages.ts'
import type { Release, SlotOptions, Slots } from './concurrency.ts'
import { createSlotMemory, type SlotHandle } from './slot-memory.ts'
import { SlotTable } from './slot-table.ts'
import { type ThreadSlotPorts, ThreadSlots } from './thread-slots.ts'

const hubThread = 0
/** Most configurations stay far below, and others grow. The buckets beyond share what one of them would have. */
const leastRows = 1024
const tryAgainMs = 1

export interface HubSlotOptions extends SlotOptions {
  /** This one, whose number is 0, included. */
  readonly threads: number
  /** How many buckets are counted one by one, less one. 1024 unless said otherwise, or twice as many as there are now. */
  readonly rows?: number
}

export class HubSlots implements Slots {
  /** For the other threads: `ThreadSlots`. */
  readonly handle: SlotHandle
  readonly #clock: Clock
  readonly #table: SlotTable
  readonly #own: ThreadSlots
  #options: SlotOptions

  constructor(options: HubSlotOptions, ports: ThreadSlotPorts) {
    const { threads, buckets, rows = Math.max(leastRows, 2 * buckets.length) } = options
    this.handle = createSlotMemory({ threads, rows })
    this.#clock = ports.clock
    this.#own = new ThreadSlots(this.handle, hubThread, ports)
    this.#table = new SlotTable(this.handle, hubThread, (thread) =>
      thread === hubThread ? this.#own.collect() : ports.wake(thread),
    )
    this.#options = options
    this.adjust(options)
  }

  get taken(): number {
    return this.#own.taken
  }

  get waiting(): number {
    return this.#own.waiting
  }

  take(bucket: string, client: Pick<ProxyRequest, 'signal'>): Release | Promise<Release> {
    return this.#own.take(bucket, client)
  }

  collect(): void {
    this.#own.collect()
  }

  /** At once, unless a thread has died with the lock: then when that is known. */
  adjust(options: SlotOptions): void {
    this.#options = options
    void this.#change(() => this.#divide())
  }

  /** Gives back what `thread`, which has ended, had of slots and of the queue. Another one may have its number afterwards. */
  async forget(thread: number): Promise<void> {
    if (this.#table.takeOver(thread)) this.#finish(() => this.#table.counts.forget(thread))
    else await this.#change(() => this.#table.counts.forget(thread))
  }

  #divide(): void {
    const { max, queue, waitLimitMs, buckets } = this.#options
    this.#table.waitLimitMs = waitLimitMs
    this.#table.rows.share(buckets)
    this.#table.counts.divide(max, queue)
  }

  /** Never waits for long by blocking: it may be this thread's turn to learn that whoever has the lock is dead. */
  async #change(step: () => void): Promise<void> {
    while (!this.#table.tryBegin()) await this.#clock.sleep(tryAgainMs)
    this.#finish(step)
  }

  #finish(step: () => void): void {
    try {
      step()
    } finally {
      this.#table.end()
    }
  }
}
