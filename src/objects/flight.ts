/** One origin exchange that gives an object's head, shared by everybody who wants that object at the time. */

import { Abandoned } from '../base/errors.ts'
import type { Timeline } from '../base/trace.ts'
import type { EpochMs, RecordId } from '../base/types.ts'
import type { CacheKey } from '../cache/cache-key.ts'
import type { ObjectHead } from '../cache/record.ts'
import { UnderWay } from '../cache/under-way.ts'
import type { Origin } from '../origin/origin.ts'
import type { OpenedObject } from './opened-object.ts'
import type { Outcome } from './peers.ts'
import type { HeaderOf } from './wanted.ts'

/** What one of those who wait for the exchange gets from it. */
export type Landing =
  | {
      readonly kind: 'object'
      readonly object: OpenedObject
      readonly how: 'confirmed' | 'stored' | 'passing'
      readonly status: number
      /** Another thread has asked for it. */
      readonly isOthers?: true
    }
  | { readonly kind: 'missing'; readonly head: ObjectHead; readonly isStored: boolean; readonly isOthers?: true }
  /** The answer was for one reader only, or is another variant's: look again, without waiting for others. */
  | { readonly kind: 'alone'; readonly status: number }
  | { readonly kind: 'again' }

/** 'own': the exchange was made for this waiter. 'first': it comes first of those who still wait, since that one has left. */
export type Seat = 'own' | 'first' | 'later'

export interface Land {
  /** Called once for each waiter, in the order they came. */
  give(header: HeaderOf, seat: Seat, timeline?: Timeline | undefined): Landing
  /** Until this settles the store does not have the answer, so that who comes meanwhile is given it from here. Never rejects. */
  readonly arriving?: Promise<void> | undefined
  /** A later exchange has begun for the same key: what is not stored yet would come after its answer, and must not. */
  supersede?(): void
  /** Everybody who waited has theirs: what nobody took is let go. Called once, also when nobody waits any more. */
  done?(): void
  /** For those who wait on other threads; 'look' where nothing is said. */
  readonly outcome?: Outcome
}

interface Waiter {
  readonly header: HeaderOf
  readonly timeline: Timeline | undefined
  resolve(landing: Landing): void
  reject(error: unknown): void
}

/** `told` is to be called with what the origin said, as soon as it has said it. */
export type Fly = (signal: AbortSignal, told: (head: ObjectHead) => void) => Promise<Land>

export class Flight {
  /** Whom it asks: what a bucket was configured with before is not asked for it any more. */
  readonly origin: Origin
  /** What the origin said to it was true at this time or later. */
  readonly startedAt: EpochMs
  /** Of the request that the exchange was made for. */
  readonly timeline: Timeline | undefined
  readonly #waiters = new Set<Waiter>()
  readonly #abort = new AbortController()
  /** For whom the exchange was made. */
  #starter: Waiter | undefined
  #hasLanded = false
  #isSuperseded = false
  #arriving: Land | undefined
  #told: ObjectHead | undefined

  constructor(fly: Fly, origin: Origin, startedAt: EpochMs, onOver: () => void, timeline?: Timeline | undefined) {
    this.origin = origin
    this.startedAt = startedAt
    this.timeline = timeline
    const told = (head: ObjectHead) => {
      this.#told = head
    }
    void this.#run(fly, told, onOver)
  }

  /** The origin's answer, once it is known: who boards from then on is given an answer that was there before the question. */
  get told(): ObjectHead | undefined {
    return this.#told
  }

  supersede(): void {
    this.#isSuperseded = true
    this.#arriving?.supersede?.()
  }

  /** Nobody new should board: the store has the answer, or everybody had left before it came and it was called off. */
  get isOver(): boolean {
    return (this.#hasLanded && this.#arriving === undefined) || this.#abort.signal.aborted
  }

  /** When the last waiter leaves before the answer came, the exchange is called off. */
  board(header: HeaderOf, signal: AbortSignal, timeline?: Timeline | undefined): Promise<Landing> {
    const given = this.#arriving?.give(header, 'later', timeline)
    return given === undefined ? this.#wait(header, signal, timeline) : Promise.resolve(given)
  }

  #wait(header: HeaderOf, signal: AbortSignal, timeline: Timeline | undefined): Promise<Landing> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(waiter)
        reject(signal.reason)
        if (this.#waiters.size === 0 && !this.#hasLanded)
          this.#abort.abort(new Abandoned('nobody waits for the answer'))
      }
      const off = () => signal.removeEventListener('abort', leave)
      const waiter: Waiter = {
        header,
        timeline,
        resolve: (landing) => {
          off()
          resolve(landing)
        },
        reject: (error) => {
          off()
          reject(error)
        },
      }
      if (signal.aborted) return leave()
      signal.addEventListener('abort', leave, { once: true })
      this.#starter ??= waiter
      this.#waiters.add(waiter)
    })
  }

  async #run(fly: Fly, told: (head: ObjectHead) => void, onOver: () => void): Promise<void> {
    let land: Land | undefined
    try {
      land = await fly(this.#abort.signal, told)
    } catch (error) {
      this.#settle((waiter) => waiter.reject(error)) // whoever waits is to answer for it
    }
    if (land !== undefined) this.#land(land)
    if (land?.arriving !== undefined) {
      this.#arriving = land
      await land.arriving
      this.#arriving = undefined
    }
    onOver()
  }

  #land(land: Land): void {
    let first: Seat = 'first'
    this.#settle((waiter) => {
      try {
        const { header, timeline } = waiter
        waiter.resolve(land.give(header, waiter === this.#starter ? 'own' : first, timeline))
      } catch (error) {
        waiter.reject(error) // a fault in handing it to one is not the others'
      }
      first = 'later'
    })
    land.done?.()
    if (this.#isSuperseded) land.supersede?.()
  }

  #settle(tell: (waiter: Waiter) => void): void {
    this.#hasLanded = true
    for (const waiter of this.#waiters) tell(waiter)
    this.#waiters.clear()
  }
}

/** Flights under way, by what they will tell. */
export class FlightTable {
  readonly #gets = new UnderWay<RecordId, Flight>()
  readonly #heads = new UnderWay<RecordId, Flight>()

  /** The flight that will tell what `method` asks of this key. A GET's answer serves a HEAD as well. */
  joinable(method: 'GET' | 'HEAD', key: CacheKey): Flight | undefined {
    const flight = this.#gets.get(key.id) ?? (method === 'HEAD' ? this.#heads.get(key.id) : undefined)
    return flight?.isOver ? undefined : flight
  }

  start(
    method: 'GET' | 'HEAD',
    key: CacheKey,
    fly: Fly,
    origin: Origin,
    startedAt: EpochMs,
    timeline?: Timeline | undefined,
  ): Flight {
    const { id } = key
    const flights = method === 'GET' ? this.#gets : this.#heads
    this.joinable(method, key)?.supersede()
    const over = () => {
      if (flights.get(id) === flight) flights.delete(id)
    }
    const flight: Flight = new Flight(fly, origin, startedAt, over, timeline)
    flights.set(id, flight)
    return flight
  }
}
