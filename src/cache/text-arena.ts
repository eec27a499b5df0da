import { type DiskColumns, noText } from './disk-columns.ts'
import type { SectionReader, SectionWriter } from './index-snapshot.ts'
import { NextMark } from './next-mark.ts'
import { tagMark } from './scope-marks.ts'
import { none } from './slots.ts'

interface Segment {
  readonly number: number
  readonly bytes: Buffer<ArrayBuffer>
  used: number
  /** Of `used`, what entries still have. */
  live: number
}

/** Before each text: the slot it belongs to, and its length. */
const slotBytes = 4
const headerBytes = slotBytes + 2

export const longestTextBytes = 2 ** 16 - 1

/** Moving all that lives in one segment takes some 0.3 ms at most. */
const segmentBytes = 2 ** 18
/** Addresses have 32 bits: 4 GiB of texts. */
const mostSegments = 2 ** 32 / segmentBytes
/** Kept back, so that there is always where to move to. */
const spareSegments = 2

const tagMarkByte = tagMark.charCodeAt(0)

/**
 * The ids of all entries as bytes, not as strings, and their tags: 6 bytes each around the text. Texts are appended to
 * segments and never written to again; when a quarter of all is dead, the segment with the most dead in it is emptied into
 * the newest.
 */
export class TextArena {
  readonly #columns: DiskColumns
  readonly #segments: (Segment | undefined)[] = []
  /** By age, so that what moves always moves further back. */
  readonly #byAge = new Set<Segment>()
  readonly #freeNumbers: number[] = []
  /** The number of the segment that is appended to. */
  #newest: number | undefined
  #usedBytes = 0
  #liveBytes = 0

  constructor(columns: DiskColumns) {
    this.#columns = columns
  }

  /** What the segments take when a quarter of them is dead, and no more is. */
  get mostBytes(): number {
    return (this.#liveBytes * 4) / 3
  }

  /** What the segments take. */
  get bytes(): number {
    let sum = 0
    for (const segment of this.#segments) sum += segment?.bytes.length ?? 0
    return sum
  }

  /** Sets the slot's `textAt`. `text`: as `textOf` makes it. False: no room, or longer than `longestTextBytes`. */
  add(slot: number, text: string): boolean {
    const length = Buffer.byteLength(text)
    if (length > longestTextBytes) return false
    const address = this.#allot(headerBytes + length, mostSegments - spareSegments)
    if (address === noText) return false
    const { bytes } = this.#segmentOf(address)
    const at = address % segmentBytes
    bytes.writeUInt32LE(slot, at)
    bytes.writeUInt16LE(length, at + slotBytes)
    bytes.write(text, at + headerBytes)
    this.#columns.textAt[slot] = address
    return true
  }

  /** The id of a slot in use. */
  read(slot: number): string {
    const { bytes, start, end } = this.#textOf(slot)
    return bytes.toString('utf8', start, idEnd(bytes, start, end))
  }

  readTags(slot: number): readonly string[] {
    const { bytes, start, end } = this.#textOf(slot)
    const tagsAt = idEnd(bytes, start, end)
    return tagsAt === end ? noTags : bytes.toString('utf8', tagsAt + 1, end - 1).split(tagMark)
  }

  /** Byte by byte as long as the id is ASCII, as most are: a third of the time that reading it takes. */
  isAt(slot: number, id: string): boolean {
    const address = this.#columns.textAt[slot] as number
    const { bytes } = this.#segmentOf(address)
    const start = (address % segmentBytes) + headerBytes
    const length = bytes.readUInt16LE(start - 2)
    if (length < id.length) return false
    for (let at = 0; at < id.length; at++) {
      const byte = bytes[start + at] as number
      if (byte >= 0x80) return this.read(slot) === id
      if (byte !== id.charCodeAt(at)) return false
    }
    return length === id.length || bytes[start + id.length] === tagMarkByte
  }

  /**
   * The slots of all texts with one of the marks in them, and perhaps of others; `none` after each segment, of some 20 µs.
   * Between two steps anything may change: a text that was there at first and still is has been told of, or will be; one
   * that was moved meanwhile twice.
   */
  *slotsWith(marks: readonly Uint8Array[]): Generator<number> {
    for (const segment of this.#byAge) {
      // More may come to it while others have their turn; or everything moves away, and its number goes to another.
      for (let end = 0; end < segment.used && this.#segments[segment.number] === segment; ) {
        const start = end
        end = segment.used
        yield* this.#slotsIn(segment, start, end, new NextMark(segment.bytes.subarray(0, end), marks))
      }
      yield none
    }
  }

  *#slotsIn(segment: Segment, start: number, end: number, next: NextMark): Generator<number> {
    const { bytes, number } = segment
    for (let at = start; at < end; ) {
      const mark = next.from(at)
      if (mark === end) return
      const after = at + headerBytes + bytes.readUInt16LE(at + slotBytes)
      const slot = bytes.readUInt32LE(at)
      const isLive = this.#columns.textAt[slot] === number * segmentBytes + at
      if (mark < after && isLive) yield slot
      if (this.#segments[number] !== segment) return
      at = after
    }
  }

  remove(slot: number): void {
    const address = this.#columns.textAt[slot] as number
    this.#columns.textAt[slot] = noText
    const number = Math.floor(address / segmentBytes)
    const segment = this.#segmentOf(address)
    const bytes = headerBytes + segment.bytes.readUInt16LE((address % segmentBytes) + slotBytes)
    segment.live -= bytes
    this.#liveBytes -= bytes
    if (segment.live === 0 && number !== this.#newest) this.#free(number)
    const dead = this.#usedBytes - this.#liveBytes
    if (dead > segmentBytes && dead > this.#usedBytes / 4) this.#empty(this.#deadest())
  }

  /** The segments go along as they are, dead texts and all: later changes do not touch what is in use of them. */
  save(to: SectionWriter): void {
    to.numbers(this.#segments.length)
    for (const segment of this.#segments) {
      if (segment === undefined) to.lend(new Uint8Array(0))
      else to.lend(segment.bytes.subarray(0, segment.used))
    }
  }

  /** Only for an empty one, after the columns. */
  restore(from: SectionReader): void {
    const [count = 0] = from.numbers(1)
    for (let number = 0; number < count; number++) {
      const bytes = Buffer.from(from.column(Uint8Array).buffer)
      const segment = { number, bytes, used: bytes.length, live: 0 }
      this.#segments.push(segment)
      this.#byAge.add(segment)
      this.#usedBytes += bytes.length
    }
    for (const [slot, address] of this.#columns.textAt.entries()) {
      if (address === noText) continue
      const segment = this.#segments[Math.floor(address / segmentBytes)]
      const length = segment === undefined ? undefined : textLength(segment, address % segmentBytes, slot)
      from.require(length !== undefined)
      if (segment === undefined || length === undefined) continue
      segment.live += headerBytes + length
      this.#liveBytes += headerBytes + length
    }
    for (const { number, live } of this.#byAge) if (live === 0) this.#free(number)
  }

  #textOf(slot: number): { readonly bytes: Buffer; readonly start: number; readonly end: number } {
    const address = this.#columns.textAt[slot] as number
    const { bytes } = this.#segmentOf(address)
    const start = (address % segmentBytes) + headerBytes
    return { bytes, start, end: start + bytes.readUInt16LE(start - 2) }
  }

  #segmentOf(address: number): Segment {
    return this.#segments[Math.floor(address / segmentBytes)] as Segment
  }

  /** `noText`: all segments are taken. */
  #allot(bytes: number, mostInUse: number): number {
    let segment = this.#newest === undefined ? undefined : this.#segments[this.#newest]
    if (segment === undefined || segment.used + bytes > segment.bytes.length) {
      if (this.#segments.length - this.#freeNumbers.length >= mostInUse) return noText
      const number = this.#freeNumbers.pop() ?? this.#segments.length
      segment = { number, bytes: Buffer.alloc(segmentBytes), used: 0, live: 0 }
      this.#newest = number
      this.#segments[number] = segment
      this.#byAge.add(segment)
    }
    const address = segment.number * segmentBytes + segment.used
    segment.used += bytes
    segment.live += bytes
    this.#usedBytes += bytes
    this.#liveBytes += bytes
    return address
  }

  #free(number: number): void {
    const segment = this.#segments[number]
    if (segment !== undefined) this.#byAge.delete(segment)
    this.#usedBytes -= segment?.used ?? 0
    this.#segments[number] = undefined // not written to again: a snapshot may be reading it
    this.#freeNumbers.push(number)
  }

  /** When a quarter of all is dead, so is a quarter of this one, and moving the rest costs three times what it frees. */
  #deadest(): number {
    let deadest = 0
    let most = -1
    for (const [number, segment] of this.#segments.entries()) {
      if (segment === undefined) continue
      const dead = 1 - segment.live / segment.used
      if (dead > most) {
        most = dead
        deadest = number
      }
    }
    return deadest
  }

  #empty(number: number): void {
    const { bytes, used } = this.#segments[number] as Segment
    if (number === this.#newest) this.#newest = undefined
    const { textAt } = this.#columns
    for (let at = 0; at < used; ) {
      const slot = bytes.readUInt32LE(at)
      const length = headerBytes + bytes.readUInt16LE(at + slotBytes)
      if (textAt[slot] === number * segmentBytes + at) {
        this.#liveBytes -= length
        const address = this.#allot(length, mostSegments)
        bytes.copy(this.#segmentOf(address).bytes, address % segmentBytes, at, at + length)
        textAt[slot] = address
      }
      at += length
    }
    this.#free(number)
  }
}

const noTags: readonly string[] = []

/** The end of the text when it has no tags. */
function idEnd(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] !== tagMarkByte) at++
  return at
}

/** Undefined unless a text of that slot lies there. */
function textLength({ bytes }: Segment, at: number, slot: number): number | undefined {
  if (at + headerBytes > bytes.length || bytes.readUInt32LE(at) !== slot) return undefined
  const length = bytes.readUInt16LE(at + slotBytes)
  return at + headerBytes + length <= bytes.length ? length : undefined
}
