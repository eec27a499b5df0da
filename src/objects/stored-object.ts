/** One reader of an object that lives in the cache: byte ranges become slices, found in a run in flight, a tier, or a new run. */

import type { Clock } from '../base/clock.ts'
import type { OwnAsking, Timeline } from '../base/trace.ts'
import type { ByteRange, HeaderList } from '../base/types.ts'
import type { CacheKey } from '../cache/cache-key.ts'
import { type ObjectHead, sliceLength } from '../cache/record.ts'
import type { RecordStore } from '../cache/tiered-store.ts'
import type { ObjectRef, Origin } from '../origin/origin.ts'
import type { FirstByte, OpenedObject } from './opened-object.ts'
import type { PeerReader, Peers } from './peers.ts'
import { type RunTable, versionName } from './run-table.ts'
import type { SliceFill } from './slice-fill.ts'
import type { SliceRun } from './slice-run.ts'

/** A reader that takes longer than this over one piece is slow: it gets copies of `slowPieceBytes`, so that it holds no slice. */
const slowAfterMs = 250
const slowPieceBytes = 64 * 1024
/** How many slices a new run looks ahead for one that is cached already, where it can end. */
const lookAhead = 1024
/** So many of them are asked for together: one by one they would be as many round trips to Redis. */
const lookAtOnce = 64

export interface StoredPorts {
  readonly store: RecordStore
  readonly runs: RunTable
  readonly clock: Clock
  /** Absent: this is the only thread. */
  readonly peers?: Peers | undefined
}

export interface StoredSpec {
  readonly key: CacheKey
  readonly head: ObjectHead
  readonly whole: Uint8Array | undefined
  /** `whole` is only lent. */
  readonly release?: (() => void) | undefined
  readonly ref: ObjectRef
  readonly origin: Origin
  readonly forwarded: HeaderList
  /** The run that was started for the exchange which gave the head. */
  readonly run?: SliceRun | undefined
  /** The exchange was made for this reader first of all. */
  readonly isLeader: boolean
  /** Of the reader's request. */
  readonly timeline?: Timeline | undefined
}

type Release = (() => void) | undefined
type Source =
  | { readonly kind: 'bytes'; readonly from: 'tier' | 'joined'; readonly bytes: Uint8Array; readonly release?: Release }
  | { readonly kind: 'fill'; readonly from: 'joined' | 'asked'; readonly fill: SliceFill; readonly release: Release }

export class StoredObject implements OpenedObject {
  readonly head: ObjectHead
  readonly whole: Uint8Array | undefined
  readonly isPassing = false
  readonly #spec: StoredSpec
  readonly #ports: StoredPorts
  /** The run this reader keeps alive. */
  #run: SliceRun | undefined
  /** The run this reader started, if any, and the slice before which it brought none. */
  #own: SliceRun | undefined
  #ownFirst = 0
  /** In the eyes of other threads, once it has asked them for a slice. */
  #peer: PeerReader | undefined
  #prepared: { readonly index: number; readonly source: Source } | undefined
  #isReleased = false

  constructor(spec: StoredSpec, ports: StoredPorts) {
    this.head = spec.head
    this.whole = spec.whole
    this.#spec = spec
    this.#ports = ports
    this.#own = spec.isLeader ? spec.run : undefined
    this.#attach(spec.run)
    if (this.#isSliced) ports.store.readerCame(spec.key.id)
  }

  async prepare(range: ByteRange, signal: AbortSignal): Promise<FirstByte> {
    if (this.whole !== undefined || range.start === range.end) return 'tier'
    const index = Math.floor(range.start / this.head.sliceBytes)
    const source = await this.#locate(index, range, signal)
    this.#prepared = { index, source }
    const wait =
      source.kind === 'fill' && source.from === 'joined' ? this.#spec.timeline?.join(this.#run?.of.timeline) : undefined
    if (source.kind === 'fill') await source.fill.arrived(range.start - index * this.head.sliceBytes, signal)
    wait?.end()
    return source.from
  }

  async *read(range: ByteRange, signal: AbortSignal, own?: OwnAsking): AsyncGenerator<Uint8Array, void, void> {
    let isSlow = false
    for (let at = range.start; at < range.end; ) {
      const index = Math.floor(at / this.head.sliceBytes)
      const base = index * this.head.sliceBytes
      const from = at - base
      const to = Math.min(range.end - base, sliceLength(this.head, index))
      let source: Source | undefined = await this.#sourceOf(index, { start: at, end: range.end }, signal)
      if (source.kind === 'fill' && !source.fill.isComplete) {
        this.#note(own, index, source, to - from)
        try {
          yield* source.fill.read(from, to, signal)
        } finally {
          letGo(source)
        }
        at = base + to
        continue
      }
      const piece = isSlow
        ? copied(source, from, Math.min(to, from + slowPieceBytes))
        : bytesOf(source).subarray(from, to)
      this.#note(own, index, source, piece.length)
      if (isSlow) source = undefined
      const handedAt = this.#ports.clock.monotonicMs()
      try {
        yield piece
      } finally {
        letGo(source)
      }
      isSlow = this.#ports.clock.monotonicMs() - handedAt > slowAfterMs
      at += piece.length
    }
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#spec.release?.()
    letGo(this.#prepared?.source)
    this.#prepared = undefined
    this.#run?.detach()
    this.#run = undefined
    this.#peer?.release()
    if (this.#isSliced) this.#ports.store.readerLeft(this.#spec.key.id)
  }

  get isLent(): boolean {
    return this.#spec.release !== undefined
  }

  get #isSliced(): boolean {
    return this.head.size > this.head.sliceBytes
  }

  #note(own: OwnAsking | undefined, index: number, { from }: Source, bytes: number): void {
    // A slice that this reader's run fetched may have gone into a tier before the reader came to it.
    const isOwn = from === 'tier' ? index >= this.#ownFirst && index < (this.#own?.next ?? 0) : from === 'asked'
    if (own === undefined || !isOwn) return
    own.asked = true
    own.ownBytes += bytes
  }

  async #sourceOf(index: number, range: ByteRange, signal: AbortSignal): Promise<Source> {
    const prepared = this.#prepared
    this.#prepared = undefined
    if (prepared?.index === index) return prepared.source
    letGo(prepared?.source)
    return await this.#locate(index, range, signal)
  }

  async #locate(index: number, range: ByteRange, signal: AbortSignal): Promise<Source> {
    if (this.whole !== undefined) return { kind: 'bytes', from: 'tier', bytes: this.whole }
    const running = this.#askRun(index, range)
    if (running !== undefined) return running
    const stored = await this.#stored(index)
    if (typeof stored === 'object') return stored
    if (this.#ports.peers !== undefined) return this.#locateElsewhere(index, range, signal, stored, this.#ports.peers)
    return this.#joinOrStart(index, range, stored)
  }

  async #locateElsewhere(
    index: number,
    range: ByteRange,
    signal: AbortSignal,
    stored: 'outdated' | undefined,
    peers: Peers,
  ): Promise<Source> {
    const wait = this.#spec.timeline?.join(undefined)
    this.#peer ??= peers.reader(versionName(this.#spec))
    const found = await this.#peer.slice(index, this.#lastWanted(range), signal)
    wait?.end()
    if (found.kind === 'bytes') return { kind: 'bytes', from: 'joined', bytes: found.bytes }
    try {
      const again = found.wasRunning ? await this.#stored(index) : stored
      if (typeof again === 'object') return again
      return await this.#joinOrStart(index, range, again, found.last)
    } finally {
      found.settle()
    }
  }

  async #joinOrStart(
    index: number,
    range: ByteRange,
    stored: 'outdated' | undefined,
    most = Infinity,
  ): Promise<Source> {
    // Somebody may have started a run, and even ended it, while the tiers were asked: look for it before starting another.
    // Where one slice is of another version the next ones are too: no reason to look for cached ones among them.
    const last = stored === 'outdated' ? this.#lastWanted(range) : await this.#lastMissing(index, range)
    return this.#askRun(index, range) ?? this.#startRun(index, Math.min(last, most), range)
  }

  #askRun(index: number, range: ByteRange): Source | undefined {
    const run = this.#run?.covers(index) ? this.#run : this.#ports.runs.covering(this.#spec, index)
    if (run === undefined) return undefined
    this.#attach(run)
    const from = run === this.#own ? 'asked' : 'joined'
    return { kind: 'fill', from, ...run.ask(index, this.#lastWanted(range)) }
  }

  #startRun(first: number, last: number, range: ByteRange): Source {
    const { key, head, ref, origin, forwarded, timeline } = this.#spec
    const end = this.#ports.runs.openEnd(this.#spec, first, last)
    const run = this.#ports.runs.start({ key, head, ref, origin, forwarded, timeline, first, last: end })
    this.#own = run
    this.#ownFirst = first
    this.#attach(run)
    return { kind: 'fill', from: 'asked', ...run.ask(first, this.#lastWanted(range)) }
  }

  #attach(run: SliceRun | undefined): void {
    if (run === this.#run || run === undefined) return
    run.attach()
    this.#run?.detach()
    this.#run = run
  }

  async #stored(index: number): Promise<Source | 'outdated' | undefined> {
    const { key, head } = this.#spec
    if (!this.#isSliced) return undefined
    const found = await this.#ports.store.lend(key.sliceId(index), this.#spec.timeline)
    if (found === undefined) return undefined
    const { record, release } = found
    // A slice cut from another version, or in other lengths, is a miss: never splice two.
    if (record.kind === 'slice' && record.etag === head.etag && record.bytes.length === sliceLength(head, index)) {
      return { kind: 'bytes', from: 'tier', bytes: record.bytes, release }
    }
    release?.()
    return record.kind === 'slice' ? 'outdated' : undefined
  }

  /** A hole is fetched alone: the run ends before the next slice that is cached. */
  async #lastMissing(index: number, range: ByteRange): Promise<number> {
    const { key } = this.#spec
    const last = Math.min(this.#lastWanted(range), index + lookAhead)
    for (let from = index + 1; from <= last; from += lookAtOnce) {
      const asked = Array.from({ length: Math.min(lookAtOnce, last - from + 1) }, (_, offset) =>
        this.#ports.store.has(key.sliceId(from + offset)),
      )
      const first = (await Promise.all(asked)).indexOf(true)
      if (first >= 0) return from + first - 1
    }
    return last
  }

  #lastWanted({ end }: ByteRange): number {
    return Math.ceil(end / this.head.sliceBytes) - 1
  }
}

/** Of a whole slice. */
function bytesOf(source: Source): Uint8Array {
  return source.kind === 'fill' ? source.fill.bytes : source.bytes
}

/** What nobody else holds: the slice is let go. */
function copied(source: Source, from: number, to: number): Uint8Array {
  const copy = new Uint8Array(bytesOf(source).subarray(from, to))
  letGo(source)
  return copy
}

function letGo(source: Source | undefined): void {
  source?.release?.()
}
