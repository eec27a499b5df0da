import { SlotCounts } from './slot-counts.ts'
import { type SlotHandle, SlotMemory, slotWords } from './slot-memory.ts'
import { SlotRows } from './slot-rows.ts'
import { ThreadLock } from './thread-lock.ts'

/** How often somebody who may not block tries, at a fraction of a millisecond each. */
const patientTries = 10

/**
 * The counts and the lock that guards them: `rows` and `counts` are used between `begin` and `end`, the totals at any time.
 * Threads that were granted a slot meanwhile are called after the end.
 */
export class SlotTable {
  readonly rows: SlotRows
  readonly counts: SlotCounts
  readonly #words: Int32Array
  readonly #lock: ThreadLock
  readonly #call: (thread: number) => void

  constructor(handle: SlotHandle, thread: number, call: (thread: number) => void) {
    const memory = new SlotMemory(handle)
    this.rows = new SlotRows(memory)
    this.counts = new SlotCounts(memory, thread)
    this.#words = memory.words
    this.#lock = new ThreadLock(memory.words.subarray(slotWords.lock, slotWords.lock + 1), thread)
    this.#call = call
  }

  get waitLimitMs(): number {
    return this.#words[slotWords.waitLimitMs] ?? 0
  }

  set waitLimitMs(ms: number) {
    this.#words[slotWords.waitLimitMs] = ms
  }

  /** Waits for as long as a thread that died with the lock is not known to be dead. */
  begin(): void {
    this.#lock.take()
  }

  /** For the thread that learns of deaths, and never would while it waits. False: not begun. */
  tryBegin(): boolean {
    for (let tries = 0; tries < patientTries; tries++) if (this.#lock.takeSoon()) return true
    return false
  }

  /** True: begun, since `thread`, which has ended, had the lock. */
  takeOver(thread: number): boolean {
    return this.#lock.takeOver(thread)
  }

  end(): void {
    this.#lock.give()
    const { woken } = this.counts
    if (woken.length > 0) for (const thread of woken.splice(0)) this.#call(thread)
  }
}
