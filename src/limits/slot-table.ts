import { ThreadLocks } from '../cache/arena/locks.ts'
import { SlotCounts } from './slot-counts.ts'
import { type SlotHandle, SlotMemory, slotWords } from './slot-memory.ts'
import { SlotRows } from './slot-rows.ts'

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
  readonly #locks: ThreadLocks
  readonly #call: (thread: number) => void

  constructor(handle: SlotHandle, thread: number, call: (thread: number) => void) {
    const memory = new SlotMemory(handle)
    this.rows = new SlotRows(memory)
    this.counts = new SlotCounts(memory, thread)
    this.#words = memory.words
    this.#locks = new ThreadLocks(memory.words, ownerOf(thread))
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
    this.#locks.take(slotWords.lock)
  }

  /** For the thread that learns of deaths, and never would while it waits. False: not begun. */
  tryBegin(): boolean {
    for (let tries = 0; tries < patientTries; tries++) if (this.#locks.takeSoon(slotWords.lock)) return true
    return false
  }

  /** True: begun, since `thread`, which has ended, had the lock. */
  takeOver(thread: number): boolean {
    return this.#locks.takeOver(slotWords.lock, ownerOf(thread))
  }

  end(): void {
    this.#locks.give(slotWords.lock)
    const { woken } = this.counts
    if (woken.length > 0) for (const thread of woken.splice(0)) this.#call(thread)
  }
}

/** Numbers of threads begin with 0, which is nobody's as an owner. */
const ownerOf = (thread: number) => thread + 1
