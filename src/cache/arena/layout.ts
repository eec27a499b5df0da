/** Where everything lies in the arena: one SharedArrayBuffer that all workers of the process see. */

import { randomFillSync } from 'node:crypto'

export interface ArenaShape {
  /** Of the whole buffer: records, index, locks and all. */
  readonly maxBytes: number
  /** How many threads use it at a time, numbered from 0. */
  readonly workers: number
  /** Of so many buckets records can be counted. */
  readonly maxBuckets: number
  /** Records of this size and a little more come often: segments are cut so that several fill one. */
  readonly sliceBytes: number
}

/** What a worker needs to use an arena: a plain value, to be handed to its thread. */
export interface ArenaHandle {
  readonly buffer: SharedArrayBuffer
  readonly shape: ArenaShape
}

/** Records begin at multiples of it. A record's address is its offset in these units: 31 bits reach 32 GiB. */
export const unitBytes = 16
export const mostArenaBytes = unitBytes * 2 ** 31
/** Slots of a bucket of the index: 8 tags and 8 addresses are one cache line. */
export const slotsPerBucket = 8

/** Words of the control page. Each group has a cache line of its own, and a lock that guards it. */
export const control = {
  /** Guards the rest of its line, and which segments are open. */
  appendLock: 0,
  recordNumber: 1,
  openingNumber: 2,
  /** Guards the rest of its line, and the segment that is being cleaned. */
  cleanLock: 16,
  victim: 17,
  evictions: 18,
  shortage: 19,
  /** How many records there are, roughly. */
  entries: 20,
  namesLock: 32,
  nameCount: 33,
  clearings: 48,
  /** By region and size group, then the leftovers by region. */
  open: 64,
  secret: 128,
  /** Doubles from here on: see `figures`. */
  figures: 136,
  end: 192,
} as const

/** Doubles of the control page, counted from `control.figures`. */
export const figures = { admittedBytes: 0, admittedCount: 1, probationUnits: 2, inflation: 3 /* by region */ } as const

/** Words of a segment's row: a cache line. */
export const segmentRow = {
  state: 0,
  used: 1,
  live: 2,
  records: 3,
  openedAs: 4,
  cursor: 5,
  kept: 6,
  group: 7,
  /** 0: records are judged; 1: all that live are moved, to get at the dead bytes between them. */
  isCompacted: 8,
  /** A double. */
  inflation: 10,
  words: 16,
} as const

const wordsPerLine = 16
const lineBytes = 64
/** Words of a name's row: its length, and up to 124 bytes of text. */
export const nameRowWords = 32
export const readerPlaces = 256

const indexSlotsPerByte = 1.1 / 1024
/** Too few to matter for waste at the end of open segments, enough for order of age: 0.8 % of the arena each. */
const segmentsWanted = 128
const leastSegments = 16
/** What lies around the bytes of a slice: header, id, etag, tags. */
const aroundSlice = 2048
/** What may lie around those of an object: its header fields. */
const aroundObject = 65_536

/** Offsets are in words unless named otherwise. */
export interface ArenaLayout {
  readonly shape: ArenaShape
  readonly stripes: number
  /** Buckets of the index in one stripe. */
  readonly bucketsPerStripe: number
  readonly slotCount: number
  readonly ghostPlaces: number
  readonly segmentCount: number
  readonly segmentUnits: number
  /** Size groups that are kept in segments of their own. */
  readonly groups: number
  readonly pinRowWords: number
  readonly stripeRows: number
  readonly accounts: number
  readonly names: number
  readonly readers: number
  readonly pins: number
  readonly segments: number
  readonly index: number
  readonly ghosts: number
  readonly usesByte: number
  readonly dataUnit: number
  readonly totalBytes: number
}

/** The same for the same shape, in every thread. Throws when the bound is too small to hold anything. */
export function planArena(shape: ArenaShape): ArenaLayout {
  const { maxBytes } = shape
  const stripes = Math.max(1, Math.min(256, 2 ** Math.floor(Math.log2(maxBytes / 2 ** 18))))
  const bucketsPerStripe = Math.max(1, Math.ceil((maxBytes * indexSlotsPerByte) / slotsPerBucket / stripes))
  const segmentBytes = segmentBytesFor(shape)
  for (let segmentCount = Math.floor(maxBytes / segmentBytes); segmentCount >= 6; segmentCount--) {
    const layout = placeAll(shape, stripes, bucketsPerStripe, segmentCount, segmentBytes / unitBytes)
    if (layout.totalBytes <= maxBytes) return layout
  }
  throw new Error(`an arena of ${maxBytes} bytes has no room for records`)
}

export function createArena(shape: ArenaShape): ArenaHandle {
  const layout = planArena(shape)
  const buffer = new SharedArrayBuffer(layout.totalBytes)
  const words = new Int32Array(buffer)
  words.fill(-1, control.open, control.secret)
  const secret = new Int32Array(4)
  randomFillSync(secret)
  words.set(secret, control.secret)
  return { buffer, shape }
}

/** Whole slices fit into a segment without a tail; the largest objects fit in any case, unless the arena is tiny. */
function segmentBytesFor({ maxBytes, sliceBytes }: ArenaShape): number {
  const slice = sliceBytes + aroundSlice
  const slices = Math.max(1, Math.round(maxBytes / segmentsWanted / slice))
  const wanted = Math.max(slices * slice, sliceBytes + aroundObject)
  return roundUp(Math.min(wanted, Math.floor((maxBytes * 0.8) / leastSegments)), lineBytes)
}

function placeAll(
  shape: ArenaShape,
  stripes: number,
  bucketsPerStripe: number,
  segmentCount: number,
  segmentUnits: number,
): ArenaLayout {
  let next: number = control.end
  const place = (words: number): number => {
    const at = next
    next += roundUp(words, wordsPerLine)
    return at
  }
  const slotCount = stripes * bucketsPerStripe * slotsPerBucket
  const ghostPlaces = Math.max(8, Math.floor(slotCount / 2))
  const pinRowWords = roundUp(segmentCount, wordsPerLine)
  const offsets = {
    stripeRows: place(stripes * wordsPerLine),
    accounts: place(stripes * shape.maxBuckets * 2),
    names: place(shape.maxBuckets * nameRowWords),
    readers: place(shape.workers * readerPlaces),
    pins: place(shape.workers * pinRowWords),
    segments: place(segmentCount * segmentRow.words),
    index: place(slotCount * 2),
    ghosts: place(ghostPlaces * 2),
    usesByte: place(slotCount / 4) * 4,
    dataUnit: next / 4,
  }
  return {
    ...offsets,
    ...{ shape, stripes, bucketsPerStripe, slotCount, ghostPlaces, segmentCount, segmentUnits, pinRowWords },
    groups: segmentCount >= 96 ? 4 : segmentCount >= 40 ? 3 : 2,
    totalBytes: next * 4 + segmentCount * segmentUnits * unitBytes,
  }
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple
}
