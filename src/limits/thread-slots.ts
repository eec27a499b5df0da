/** Slots that all threads of the process share, as one of them sees it. */

import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import type { ProxyRequest } from '../http/messages.ts'
import type { Release, Slots } from './concurrency.ts'
import { Line } from './line.ts'
import type { SlotHandle } from './slot-memory.ts'
import { SlotTable } from './slot-table.ts'
import { type Waiter, waitIn } from './waiter.ts'

/** Should a call have gone astray, those who wait look for themselves. */
const lookEveryMs = 100

export interface ThreadSlotPorts {
  readonly clock: Clock
  /** Has another thread call its `collect`, soon. */
  wake(thread: number): void
}

/** What the requests of a row have in common on this thread. */
interface Account {
  readonly row: number
  readonly line: Line<Waiter>
  /** The same for all of them: a slot costs no memory of its own. */
  readonly release: Release
}

export class ThreadSlots implements Slots {
  readonly #clock: Clock
  readonly #table: SlotTable
  readonly #byRow: Account[] = []
  readonly #byBucket = new Map<string, Account>()
  /** Of the rows, when `#byBucket` was begun. */
  #version = 0
  /** Those that somebody waits for. */
  readonly #inLine = new Set<Account>()
  #lookNoMore: () => void = () => undefined

  /** `thread`: nobody else's; what one that has ended had under this number is forgotten by now. */
  constructor(handle: SlotHandle, thread: number, { clock, wake }: ThreadSlotPorts) {
    this.#clock = clock
    this.#table = new SlotTable(handle, thread, (called) => (called === thread ? this.collect() : wake(called)))
  }

  get taken(): number {
    return this.#table.counts.taken
  }

  get waiting(): number {
    return this.#table.counts.waiting
  }

  take(bucket: string, { signal }: Pick<ProxyRequest, 'signal'>): Release | Promise<Release> {
    const table = this.#table
    let account: Account
    table.begin()
    try {
      account = this.#accountOf(bucket)
      if (table.counts.take(account.row)) return account.release
      signal.throwIfAborted()
      if (!table.counts.join(account.row)) {
        throw new ProxyError('Overloaded', 'no slot is free, and the queue is full')
      }
    } finally {
      table.end()
    }
    return this.#wait(account, signal)
  }

  /** The bounds are in what the threads share, and `HubSlots` sets them. */
  adjust(): void {}

  /** Lets in those who were granted a slot, which is somebody else's doing. */
  collect(): void {
    const { counts } = this.#table
    const granted: [Account, number][] = []
    this.#table.begin()
    try {
      counts.answer()
      for (const account of this.#inLine) granted.push([account, counts.collect(account.row)])
    } finally {
      this.#table.end()
    }
    for (const [account, count] of granted) {
      for (let admitted = 0; admitted < count; admitted++) account.line.next()?.admit(account.release)
      this.#tidy(account)
    }
  }

  #accountOf(bucket: string): Account {
    const { rows } = this.#table
    if (rows.version !== this.#version) this.#byBucket.clear()
    const known = this.#byBucket.get(bucket)
    if (known !== undefined) return known
    const row = rows.rowOf(bucket)
    this.#version = rows.version
    const account = this.#byRow[row] ?? this.#open(row)
    this.#byBucket.set(bucket, account)
    return account
  }

  #open(row: number): Account {
    const release = () => {
      this.#table.begin()
      try {
        this.#table.counts.give(row)
      } finally {
        this.#table.end()
      }
    }
    const account = { row, line: new Line<Waiter>(), release }
    this.#byRow[row] = account
    return account
  }

  #wait(account: Account, signal: AbortSignal): Promise<Release> {
    const patience = { clock: this.#clock, limitMs: this.#table.waitLimitMs, signal }
    const slot = waitIn(account.line, patience, () => this.#leave(account))
    if (this.#inLine.size === 0) this.#lookNoMore = this.#clock.repeat(lookEveryMs, () => this.collect())
    this.#inLine.add(account)
    return slot
  }

  #leave(account: Account): void {
    this.#table.begin()
    try {
      this.#table.counts.leave(account.row)
    } finally {
      this.#table.end()
    }
    this.#tidy(account)
  }

  #tidy(account: Account): void {
    if (!account.line.isEmpty || !this.#inLine.delete(account)) return
    if (this.#inLine.size === 0) this.#lookNoMore()
  }
}
