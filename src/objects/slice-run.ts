/**
 * One ranged origin request, cut into slices. It belongs to its readers: nobody leads, so nobody's stall or departure hurts
 * another.
 *
 * | state   | what it does                          | leaves it when                                                     |
 * |---------|---------------------------------------|--------------------------------------------------------------------|
 * | asking  | waits for the origin's answer head    | it came -> filling; it failed -> ended                             |
 * | filling | takes chunks, stores full slices      | `readAhead` past the furthest ask -> paused; last slice -> ended   |
 * | paused  | keeps the connection, reads nothing   | a reader asks further -> filling; a second passed -> parked        |
 * | parked  | has given back connection and memory  | a reader asks further -> asking                                    |
 * | ended   | left the table                        |                                                                    |
 *
 * Without readers it finishes the slice in hand and ends, from any state.
 */

import type { Clock } from '../base/clock.ts'
import { Abandoned, ProxyError } from '../base/errors.ts'
import type { HeaderList } from '../base/types.ts'
import type { CacheKey } from '../cache/cache-key.ts'
import { type ObjectHead, sliceLength } from '../cache/record.ts'
import type { RecordStore } from '../cache/tiered-store.ts'
import type { ObjectRef, Origin, OriginBody } from '../origin/origin.ts'
import { SliceFill } from './slice-fill.ts'

/** Slices fetched beyond the furthest one asked for. With the one in hand and the one before it: 4 MiB for each object being read. */
const readAhead = 2
/** A reader this many slices ahead of a run still waits for it; further ahead a run of its own is faster. */
const joinAhead = readAhead + 2
/** How long a paused run keeps its connection from others. */
const parkAfterMs = 1000

export interface RunSpec {
  readonly key: CacheKey
  readonly head: ObjectHead
  readonly ref: ObjectRef
  readonly origin: Origin
  /** Client headers to send along when asking again. */
  readonly forwarded: HeaderList
  /** First and last slice, inclusive. */
  readonly first: number
  readonly last: number
  /** An answer that is already open; its body begins with byte `start` of the object. Absent: the run asks by itself. */
  readonly opened?: { readonly body: OriginBody; readonly start: number }
}

export interface RunPorts {
  readonly store: RecordStore
  readonly clock: Clock
}

export class SliceRun {
  readonly #spec: RunSpec
  readonly #ports: RunPorts
  readonly #fills = new Map<number, SliceFill>()
  readonly #abort = new AbortController()
  /** The slice being filled, or to be filled next. */
  #next: number
  #last: number
  /** The furthest slice a reader asked for. */
  #asked: number
  /** The furthest slice a reader will ask for, going on as it does. */
  #wanted: number
  #readers = 0
  #hasEnded = false
  #mayStore = true
  #isAsking = false
  #wake: (() => void) | undefined
  /** Settles when the run has ended, however. Never rejects. */
  readonly ended: Promise<void>

  constructor(spec: RunSpec, ports: RunPorts) {
    this.#spec = spec
    this.#ports = ports
    this.#next = spec.first
    this.#last = spec.last
    this.#asked = spec.first - 1
    this.#wanted = spec.first
    this.ended = this.#pump()
  }

  get of(): Pick<RunSpec, 'key' | 'head'> {
    return this.#spec
  }

  /** Whether a reader of slice `index` should wait here: it is at hand, or comes soon. */
  covers(index: number): boolean {
    if (this.#fills.get(index)?.isComplete) return true
    // Slices that only lie between those two are not worth a wait: nobody wants them.
    const furthest = Math.min(this.#last, this.#next + joinAhead, Math.max(this.#next, this.#wanted + 1))
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
    if (this.#isAsking) this.#abort.abort(new Abandoned('the last reader left'))
    this.#wake?.()
  }

  /** Asking is the demand that lets the run go on, up to `until` at most. Only for an index that it `covers`. */
  ask(index: number, until: number): SliceFill {
    const fill = this.#fill(index)
    this.#asked = Math.max(this.#asked, index)
    this.#wanted = Math.max(this.#wanted, until)
    this.#forgetPassed()
    this.#wake?.()
    return fill
  }

  /** It goes on for its readers alone: what it reads has been replaced. */
  storeNothing(): void {
    this.#mayStore = false
  }

  /** Ends it now, with nothing more stored. */
  stop(reason: Error): void {
    this.#abort.abort(reason)
    this.#spec.opened?.body.cancel()
    this.#wake?.()
  }

  /** Up to this slice it goes on by itself. */
  get #horizon(): number {
    return Math.min(this.#asked + readAhead, this.#wanted)
  }

  /** A run that has ended, or was told to, is still in the table for a moment. */
  get #goesOn(): boolean {
    return !(this.#hasEnded || this.#abort.signal.aborted)
  }

  #fill(index: number): SliceFill {
    const known = this.#fills.get(index)
    if (known !== undefined) return known
    const fill = new SliceFill(sliceLength(this.#spec.head, index))
    this.#fills.set(index, fill)
    return fill
  }

  async #pump(): Promise<void> {
    try {
      let opened = this.#spec.opened
      while (!this.#isOver()) {
        opened ??= await this.#askOrigin()
        await this.#drink(opened.body, opened.start)
        opened = undefined
        if (this.#isOver()) break
        this.#forgetComplete()
        await this.#demand()
      }
      this.#end(new Abandoned('the run ended'))
    } catch (error) {
      const failure = error instanceof Error ? error : new Error('slice run failed', { cause: error })
      // A head without a body to go with it is of no use to the next reader either; readers who hear of it open the object anew.
      if (failure instanceof ProxyError && failure.code === 'ObjectChanged')
        await this.#ports.store.remove(this.#spec.key.id)
      this.#end(failure)
    }
  }

  #end(failure: Error): void {
    this.#hasEnded = true
    for (const fill of this.#fills.values()) fill.fail(failure)
  }

  #isOver(): boolean {
    return (
      this.#next > this.#last || this.#abort.signal.aborted || (this.#readers === 0 && this.#next > this.#spec.first)
    )
  }

  async #drink(body: OriginBody, start: number): Promise<void> {
    let position = start
    for await (const chunk of body) {
      const lead = this.#next * this.#spec.head.sliceBytes - position
      // Bytes before the first whole slice (a suffix range need not start at one) are passed over.
      let taken = Math.min(chunk.length, this.#isBetweenSlices() ? Math.max(0, lead) : 0)
      while (taken < chunk.length) {
        if (this.#isBetweenSlices() && !(await this.#mayGoOn())) return
        taken += await this.#take(chunk, taken)
      }
      position += chunk.length
      if (this.#abort.signal.aborted || (this.#isOver() && this.#isBetweenSlices())) return
    }
    if (!this.#isOver()) throw new ProxyError('OriginTruncated', 'origin body ended before the range was complete')
  }

  #isBetweenSlices(): boolean {
    return this.#fills.get(this.#next)?.isEmpty ?? true
  }

  async #take(chunk: Uint8Array, offset: number): Promise<number> {
    const fill = this.#fill(this.#next)
    const count = fill.append(chunk, offset)
    if (fill.isComplete) {
      const index = this.#next++
      await this.#keep(index, fill.bytes)
      this.#forgetPassed()
    }
    return count
  }

  async #keep(index: number, bytes: Uint8Array): Promise<void> {
    if (!this.#mayStore) return
    const { key, head } = this.#spec
    if (head.size <= head.sliceBytes) return this.#ports.store.put(key.id, { kind: 'object', head, body: bytes })
    const { etag, size: objectSize, tags } = head
    return this.#ports.store.put(key.sliceId(index), { kind: 'slice', etag, objectSize, ...(tags && { tags }), bytes })
  }

  /** Slices before the one last asked for are the store's business; one is kept for readers just behind. */
  #forgetPassed(): void {
    for (const [index, fill] of this.#fills) {
      if (index < this.#asked - 1 && index < this.#next && fill.isComplete) this.#fills.delete(index)
    }
  }

  /** Parked it may stay for long, and many may: what it has read is the store's business, and its readers' who are at it. */
  #forgetComplete(): void {
    for (const [index, fill] of this.#fills) if (fill.isComplete) this.#fills.delete(index)
  }

  /** At a slice's beginning: false when the connection should be given up here. */
  async #mayGoOn(): Promise<boolean> {
    if (!this.#isOver() && this.#next > this.#horizon) await this.#demand(parkAfterMs)
    return !this.#isOver() && this.#next <= this.#horizon
  }

  /** Resolves when there is a reason to go on or to end, or after `limitMs`. */
  async #demand(limitMs?: number): Promise<void> {
    let late = false
    let callOff: (() => void) | undefined
    if (limitMs !== undefined) {
      callOff = this.#ports.clock.alarm(limitMs, () => {
        late = true
        this.#wake?.()
      })
    }
    while (!(late || this.#isOver()) && this.#next > this.#horizon) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#wake = undefined
    callOff?.()
  }

  async #askOrigin(): Promise<{ body: OriginBody; start: number }> {
    const { origin, ref, head, forwarded } = this.#spec
    const start = this.#next * head.sliceBytes
    const end = Math.min((this.#last + 1) * head.sliceBytes, head.size)
    this.#isAsking = true
    const answer = await origin
      .ask(ref, {
        method: 'GET',
        headers: forwarded,
        range: { start, end },
        ifMatch: head.etag,
        signal: this.#abort.signal,
      })
      .finally(() => {
        this.#isAsking = false
      })
    if (answer.kind !== 'object')
      throw new ProxyError('ObjectChanged', `origin answered '${answer.kind}' to a pinned range`)
    if (answer.head.status >= 500) {
      answer.body.cancel()
      throw new ProxyError('OriginError', `origin answered ${answer.head.status} to a pinned range`)
    }
    const isSame = answer.head.status === 200 && answer.head.etag === head.etag && answer.head.size === head.size
    if (!isSame || answer.start > start) {
      answer.body.cancel()
      throw new ProxyError('ObjectChanged', 'origin answered a pinned range with another version')
    }
    return { body: answer.body, start: answer.start }
  }
}
