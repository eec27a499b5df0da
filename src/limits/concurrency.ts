/** How many requests are under way at once, of all buckets together, with a part of it for each; and who waits for a place. */

import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import type { ProxyRequest } from '../http/messages.ts'
import { Line } from './line.ts'
import { Holding, SharedPlaces } from './shared-places.ts'
import { type Waiter, waitIn } from './waiter.ts'

export interface SlotOptions {
  /** Requests under way at once; 1 at least. */
  readonly max: number
  /** Requests that may wait for a slot. 0: nobody waits. */
  readonly queue: number
  /** How long one of them waits at most. */
  readonly waitLimitMs: number
  /** Names of the buckets that share them: `SharedPlaces` says how, of the slots and of the queue. */
  readonly buckets: readonly string[]
}

/** Gives a slot back: to be called once for each slot taken. */
export type Release = () => void

export interface Slots {
  /**
   * Throws `Overloaded` when there is neither a slot for the bucket nor room in the queue. A promise where the request waits:
   * in order of arrival within its bucket, the buckets in turn. It rejects with `Overloaded` once that takes too long, and
   * with the reason of the client's signal when the client leaves.
   */
  take(bucket: string, client: Pick<ProxyRequest, 'signal'>): Release | Promise<Release>
  /** From now on. Requests under way keep their slots and those in the queue their places, also of buckets that are gone. */
  adjust(options: SlotOptions): void
  readonly taken: number
  readonly waiting: number
}

export function createSlots(options: SlotOptions, ports: { readonly clock: Clock }): Slots {
  return new FairSlots(options, ports.clock)
}

class Account {
  readonly slots = new Holding()
  readonly queue = new Holding()
  readonly line = new Line<Waiter>()
  /** The same for all requests of the bucket: a slot costs no memory of its own. */
  readonly release: Release

  constructor(gave: (account: Account) => void) {
    this.release = () => gave(this)
  }
}

const slotsOf = ({ slots }: Account): Holding => slots
const queueOf = ({ queue }: Account): Holding => queue

class FairSlots implements Slots {
  readonly #clock: Clock
  readonly #slots = new SharedPlaces()
  readonly #queue = new SharedPlaces()
  #accounts = new Map<string, Account>()
  /** Those that somebody waits for. Each of them has taken all it was promised, and no common slot is free. */
  readonly #turns = new Line<Account>()
  #waitLimitMs = 0

  constructor(options: SlotOptions, clock: Clock) {
    this.#clock = clock
    this.adjust(options)
  }

  get taken(): number {
    let taken = 0
    for (const { slots } of this.#accounts.values()) taken += slots.taken
    return taken
  }

  get waiting(): number {
    let waiting = 0
    for (const { line } of this.#accounts.values()) waiting += line.length
    return waiting
  }

  take(bucket: string, client: Pick<ProxyRequest, 'signal'>): Release | Promise<Release> {
    const account = this.#accounts.get(bucket) ?? this.#open(bucket)
    return this.#slots.take(account.slots) ? account.release : this.#wait(account, client.signal)
  }

  adjust({ max, queue: room, waitLimitMs, buckets }: SlotOptions): void {
    this.#waitLimitMs = waitLimitMs
    const sharing = new Map(buckets.map((bucket) => [bucket, this.#accounts.get(bucket) ?? new Account(this.#gave)]))
    const former = [...this.#accounts].filter(
      ([bucket, { slots, line }]) => !sharing.has(bucket) && (slots.taken > 0 || !line.isEmpty),
    )
    this.#accounts = new Map([...sharing, ...former])
    const current = [...sharing.values()]
    const gone = former.map(([, account]) => account)
    this.#slots.divide(max, current.map(slotsOf), gone.map(slotsOf))
    this.#queue.divide(room, current.map(queueOf), gone.map(queueOf))
    this.#seat(current)
  }

  readonly #gave = (account: Account): void => {
    this.#slots.give(account.slots)
    if (!this.#turns.isEmpty) this.#seat([account])
  }

  /** Of a bucket that is configured no more: requests that found their route before may still come. */
  #open(bucket: string): Account {
    const account = new Account(this.#gave)
    this.#accounts.set(bucket, account)
    return account
  }

  /** What is promised goes to its owners, what is common to whoever's turn it is. */
  #seat(owners: Iterable<Account>): void {
    for (const owner of owners) {
      while (!owner.line.isEmpty && owner.slots.taken < owner.slots.promised) this.#admitFirst(owner)
    }
    while (this.#slots.hasCommon) {
      const account = this.#turns.next()
      if (account === undefined) return
      this.#admitFirst(account)
    }
  }

  #admitFirst(account: Account): void {
    this.#slots.take(account.slots)
    this.#queue.give(account.queue)
    account.line.next()?.admit(account.release)
    this.#keepTurn(account)
  }

  #keepTurn(account: Account): void {
    if (account.line.isEmpty) this.#turns.leave(account)
    else this.#turns.join(account)
  }

  #wait(account: Account, signal: AbortSignal): Promise<Release> {
    signal.throwIfAborted()
    if (!this.#queue.take(account.queue)) throw new ProxyError('Overloaded', 'no slot is free, and the queue is full')
    const patience = { clock: this.#clock, limitMs: this.#waitLimitMs, signal }
    const slot = waitIn(account.line, patience, () => {
      this.#queue.give(account.queue)
      this.#keepTurn(account)
    })
    this.#turns.join(account)
    return slot
  }
}
