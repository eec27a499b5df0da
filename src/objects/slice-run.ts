/**
 * One ranged origin request, cut into slices. It belongs to its readers: nobody leads, so nobody's stall or departure hurts
 * another.
 *
 * | state   | what it does                          | leaves it when                                                     |
 * |---------|---------------------------------------|--------------------------------------------------------------------|
 * | queued  | waits for memory, without connection  | it was reserved -> asking                                          |
 * | asking  | waits for the origin's answer head    | it came -> filling; it failed -> ended                             |
 * | filling | takes chunks, stores full slices      | as far ahead as it may -> paused; last slice -> ended              |
 * | paused  | keeps the connection, reads nothing   | a reader asks further -> filling; a second passed -> parked        |
 * | resting | has given back its connection         | its readers have nothing ahead -> asking; a second passed -> parked |
 * | parked  | has given back its memory as well     | a reader asks further -> queued                                    |
 * | ended   | left the table                        |                                                                    |
 *
 * While others wait for a connection to this origin, a paused run rests; while they wait for memory, it is parked, and one whose
 * turn is over is queued again. Without readers it finishes the slice in hand and ends, from any state. A body that breaks off
 * while it is filling is gone on with at that very byte from another replica, where that has the same version.
 */

import { Abandoned, ProxyError } from '../base/errors.ts'
import { recordOf } from '../cache/record.ts'
import { isMadeUp } from '../policy/validators.ts'
import { Allotment, readAhead } from './allotment.ts'
import { Demand } from './demand.ts'
import { HeldSlices } from './held-slices.ts'
import { Pace } from './pace.ts'
import { askPinned, letGo, type PinnedBody } from './pinned-body.ts'
import type { RunPorts, RunSpec } from './run-spec.ts'
import type { HeldFill } from './slice-fill.ts'

/** A reader this many slices ahead of a run still waits for it; further ahead a run of its own is faster. */
const joinAhead = readAhead + 2
/** How long a run that does not read keeps its connection from others. */
const parkAfterMs = 1000
/** Within one slice; more, and the replicas break off as often as not. */
const maxResumptions = 3

export class SliceRun {
  readonly #spec: RunSpec
  readonly #ports: RunPorts
  readonly #held: HeldSlices
  readonly #abort = new AbortController()
  readonly #demand: Demand
  readonly #memory: Allotment
  readonly #pace: Pace
  /** The slice being filled, or to be filled next. */
  #next: number
  #last: number
  #readers = 0
  #hasEnded = false
  #mayStore = true
  /** For memory, or for the origin's answer: nothing is in hand that would be worth finishing. */
  #isWaiting = false
  /** Since the slice in hand was begun. */
  #resumptions = 0
  /** The slice with which the origin's answer ends, where that is before the last one. */
  #askedUntil: number
  /** Nobody asked for more while it waited with its connection. */
  #isIdle = false
  /** Settles when the run has ended, however. Never rejects. */
  readonly ended: Promise<void>

  constructor(spec: RunSpec, ports: RunPorts) {
    this.#spec = spec
    this.#ports = ports
    this.#held = new HeldSlices(spec.head, ports.rooms)
    this.#next = spec.first
    this.#last = spec.last
    this.#askedUntil = spec.last
    this.#demand = new Demand(spec.first, ports.clock)
    this.#memory = new Allotment(spec, ports.budget, this.#abort.signal, () => this.#demand.wake())
    this.#pace = new Pace(ports.budget, spec.origin, ports.clock)
    this.ended = this.#pump()
  }

  get of(): Pick<RunSpec, 'key' | 'head' | 'origin' | 'timeline'> {
    return this.#spec
  }

  /** Whether a reader of slice `index` should wait here: it is at hand, or comes soon. */
  covers(index: number): boolean {
    if (this.#held.known(index)?.isComplete) return true
    // Slices that only lie between those two are not worth a wait: nobody wants them.
    const furthest = Math.min(this.#last, this.#next + joinAhead, Math.max(this.#next, this.#demand.wanted + 1))
    return this.#goesOn && index >= this.#next && index <= furthest
  }

  /** Whether it will come to slice `index` in the end. */
  comesTo(index: number): boolean {
    return this.#goesOn && index >= this.#next && index <= this.#last
  }

  /** The slice it fills next: another run before it need not go on from there. */
  get next(): number {
    return this.#next
  }

  /** Another run has taken over from slice `index` on, which no reader has asked this one for. */
  endBefore(index: number): void {
    this.#last = Math.min(this.#last, index - 1)
  }

  attach(): void {
    this.#readers++
  }

  detach(): void {
    this.#readers--
    if (this.#readers > 0) return
    if (this.#hasEnded) this.#held.forgetAll()
    if (this.#isWaiting) this.#abort.abort(new Abandoned('the last reader left'))
    this.#demand.wake()
  }

  /** Asking is the demand that lets the run go on, up to `until` at most. Only for an index that it `covers`. */
  ask(index: number, until: number): HeldFill {
    const held = this.#held.at(index).hold()
    this.#demand.ask(index, until)
    this.#forgetPassed()
    return held
  }

  /** It goes on for its readers alone: what it reads has been replaced. */
  storeNothing(): void {
    this.#mayStore = false
  }

  /** Ends it now, with nothing more stored. */
  stop(reason: Error): void {
    this.#abort.abort(reason)
    this.#spec.opened?.body.cancel()
    this.#demand.wake()
  }

  /** A run that has ended, or was told to, is still in the table for a moment. */
  get #goesOn(): boolean {
    return !(this.#hasEnded || this.#abort.signal.aborted)
  }

  async #pump(): Promise<void> {
    try {
      for (let { opened } = this.#spec; !this.#isOver(); opened = undefined) {
        await this.#takeTurn(opened)
        if (!(this.#isOver() || (await this.#mayRest()))) await this.#park()
      }
      this.#end(new Abandoned('the run ended'))
    } catch (error) {
      const failure = error instanceof Error ? error : new Error('slice run failed', { cause: error })
      // A head without a body to go with it is of no use to the next reader either; readers who hear of it open the object anew.
      if (failure instanceof ProxyError && failure.code === 'ObjectChanged')
        await this.#ports.store.remove(this.#spec.key.id)
      this.#end(failure)
    } finally {
      this.#spec.opened?.body.cancel() // the run was called off before it came to it
      this.#memory.giveBack()
    }
  }

  async #takeTurn(given: PinnedBody | undefined): Promise<void> {
    this.#pace.turnBegan()
    const waiting = this.#memory.take(this.#next, this.#last, this.#isGoingOn)
    let opened = waiting === undefined ? given : letGo(given, this.#spec.head)
    if (waiting !== undefined) await this.#whileWaiting(() => waiting)
    opened ??= await this.#ask()
    this.#pace.answered(this.#demand.asked >= this.#next)
    while (opened !== undefined) opened = await this.#drinkOrResume(opened)
  }

  /** Without a connection. True: it goes on with the memory that it has, and with what it has read ahead. */
  async #mayRest(): Promise<boolean> {
    if (this.#isIdle) return false
    // Asked for one by one, slices would be as many requests.
    const isDry = () => this.#isOver() || this.#next <= this.#demand.asked + 1
    if (!isDry()) {
      this.#pace.paused()
      await this.#demand.until(() => isDry() || this.#pace.isMemoryWanted, parkAfterMs)
    }
    return this.#hasReason && !this.#pace.isMemoryWanted
  }

  async #park(): Promise<void> {
    this.#held.forgetComplete()
    this.#memory.giveBack()
    await this.#demand.until(() => this.#hasReason)
  }

  #end(failure: Error): void {
    this.#hasEnded = true
    this.#held.fail(failure)
    if (this.#readers === 0) this.#held.forgetAll()
  }

  /** Some of its readers have had bytes already. */
  get #isGoingOn(): boolean {
    return this.#next > this.#spec.first
  }

  #isOver(): boolean {
    return this.#next > this.#last || this.#abort.signal.aborted || (this.#readers === 0 && this.#isGoingOn)
  }

  /** Another body to go on with, when this one broke off; undefined when it has done its part. */
  async #drinkOrResume(opened: PinnedBody): Promise<PinnedBody | undefined> {
    try {
      await this.#drink(opened)
      return undefined
    } catch (failure) {
      const { replica } = opened
      const brokeOff = failure instanceof ProxyError && failure.retryable
      if (!brokeOff || replica === undefined || this.#readers === 0) throw failure
      if (isMadeUp(this.#spec.head.etag) || ++this.#resumptions > maxResumptions) throw failure
      // Translated: that nobody can go on with it is no news to readers who were cut off.
      return await this.#ask({ avoid: replica }).catch(() => Promise.reject(failure))
    }
  }

  async #drink({ body, start }: PinnedBody): Promise<void> {
    let position = start
    for await (const chunk of body) {
      // A suffix range need not start at a slice, and not every origin heeds a range: what comes before is passed over.
      let taken = Math.min(chunk.length, Math.max(0, this.#position - position))
      while (taken < chunk.length) {
        if (this.#isBetweenSlices() && !(await this.#mayGoOn())) return
        taken += await this.#take(chunk, taken)
      }
      position += chunk.length
      if (this.#abort.signal.aborted || (this.#isOver() && this.#isBetweenSlices())) return
    }
    if (!this.#isOver() && this.#next <= this.#askedUntil)
      throw new ProxyError('OriginTruncated', 'origin body ended before the range was complete')
  }

  /** The byte of the object that is wanted next. */
  get #position(): number {
    return this.#next * this.#spec.head.sliceBytes + (this.#held.known(this.#next)?.filled ?? 0)
  }

  #isBetweenSlices(): boolean {
    return this.#held.known(this.#next)?.isEmpty ?? true
  }

  async #take(chunk: Uint8Array, offset: number): Promise<number> {
    const fill = this.#held.at(this.#next)
    const count = fill.append(chunk, offset)
    if (fill.isComplete) {
      const index = this.#next++
      this.#resumptions = 0
      this.#pace.filled()
      if (this.#mayStore) await this.#keep(index, fill.bytes)
      this.#forgetPassed()
    }
    return count
  }

  #keep(index: number, bytes: Uint8Array): Promise<void> {
    const { key, head } = this.#spec
    const id = head.size <= head.sliceBytes ? key.id : key.sliceId(index)
    return this.#ports.store.put(id, recordOf(head, bytes))
  }

  /** Slices before the one last asked for are the store's business; one is kept for readers just behind. */
  #forgetPassed(): void {
    this.#held.forgetComplete(Math.min(this.#demand.asked - this.#memory.behind, this.#next))
  }

  /** At a slice's beginning: false when the connection should be given up here. */
  async #mayGoOn(): Promise<boolean> {
    this.#isIdle = false
    if (!this.#hasReason) {
      this.#pace.paused()
      this.#isIdle = !(await this.#demand.until(() => this.#hasReason || this.#pace.isPressed(), parkAfterMs))
    }
    return !this.#isOver() && this.#next <= this.#horizon && !this.#pace.isTurnOver()
  }

  get #hasReason(): boolean {
    return this.#isOver() || this.#next <= this.#horizon
  }

  get #horizon(): number {
    return this.#demand.horizon(this.#memory.ahead)
  }

  #ask(avoiding?: { readonly avoid: string }): Promise<PinnedBody> {
    const { head } = this.#spec
    this.#askedUntil = this.#pace.endOf(this.#next, this.#horizon, this.#last)
    const end = Math.min((this.#askedUntil + 1) * head.sliceBytes, head.size)
    const how = { isGoingOn: this.#isGoingOn, ...avoiding }
    return this.#whileWaiting((signal) => askPinned(this.#spec, { start: this.#position, end }, signal, how))
  }

  async #whileWaiting<V>(wait: (signal: AbortSignal) => V | Promise<V>): Promise<V> {
    this.#isWaiting = true
    try {
      return await wait(this.#abort.signal)
    } finally {
      this.#isWaiting = false
    }
  }
}
