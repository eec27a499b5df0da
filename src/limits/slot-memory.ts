/** Where the slots of a process are counted when several threads serve requests: columns in one SharedArrayBuffer. */

export interface SlotShape {
  /** How many there are at a time, numbered from 0. */
  readonly threads: number
  /** One for each bucket, and the first for all those beyond. */
  readonly rows: number
}

/** What a thread needs to take part: a plain value, to be handed to it. */
export interface SlotHandle {
  readonly buffer: SharedArrayBuffer
  readonly shape: SlotShape
}

/** What there is once of each. `version` grows when a row has come to another bucket. */
export const slotWords = { lock: 0, version: 1, lastRow: 2, waitLimitMs: 3, end: 4 } as const
/** A bucket is known by that much of a digest of its name. */
export const digestWords = 4

const wordBytes = 4
const doubleBytes = 8
const bytesPerRow = doubleBytes + (5 + digestWords) * wordBytes
const bytesPerCell = doubleBytes + 3 * wordBytes
const bytesPerThread = wordBytes
const bytesBeside = doubleBytes + (slotWords.end + 2 * 4) * wordBytes

export interface PlaceColumns {
  /** `max`, how many common ones are free, how many are taken. */
  readonly whole: Int32Array
  /** By row. */
  readonly promised: Int32Array
  readonly taken: Int32Array
}

/**
 * The counts as one thread sees them. A column by row has an entry for each bucket, one by cell an entry for each bucket of each
 * thread.
 *
 * `held`, `queued` and `granted` say what is true, and each step changes them by one store. All other counts are sums of these:
 * whatever a thread was at when it died, they can be made anew.
 */
export class SlotMemory {
  readonly shape: SlotShape
  readonly words: Int32Array
  /** One entry: the last turn that was given out. */
  readonly lastTurn: Float64Array
  readonly slots: PlaceColumns
  readonly queue: PlaceColumns
  /** By row. */
  readonly digests: Int32Array
  /** By row: 1 where it is a bucket of the configuration. */
  readonly isSharing: Int32Array
  /** By row: the least is next, of those that somebody waits for. */
  readonly rowTurns: Float64Array
  /** By cell: within the row, likewise. */
  readonly cellTurns: Float64Array
  /** By cell: slots of requests that were let in. Written by its thread alone. */
  readonly held: Int32Array
  /** By cell: requests that wait. Written by its thread alone. */
  readonly queued: Int32Array
  /** By cell: for how many of those that wait there is a slot, which counts as taken; their thread has to let them in. */
  readonly granted: Int32Array
  /** By thread: 1 once it was woken, until it comes. */
  readonly isWoken: Int32Array

  constructor({ buffer, shape }: SlotHandle) {
    const { threads, rows } = shape
    const cells = threads * rows
    let next = 0
    const place = (bytes: number): number => {
      next += bytes
      return next - bytes
    }
    const doubles = (length: number) => new Float64Array(buffer, place(length * doubleBytes), length)
    const words = (length: number) => new Int32Array(buffer, place(length * wordBytes), length)
    this.shape = shape
    this.lastTurn = doubles(1)
    this.rowTurns = doubles(rows)
    this.cellTurns = doubles(cells)
    this.words = words(slotWords.end)
    this.slots = { whole: words(4), promised: words(rows), taken: words(rows) }
    this.queue = { whole: words(4), promised: words(rows), taken: words(rows) }
    this.digests = words(rows * digestWords)
    this.isSharing = words(rows)
    this.held = words(cells)
    this.queued = words(cells)
    this.granted = words(cells)
    this.isWoken = words(threads)
  }
}

export function createSlotMemory(shape: SlotShape): SlotHandle {
  const { threads, rows } = shape
  const bytes = rows * (bytesPerRow + threads * bytesPerCell) + threads * bytesPerThread + bytesBeside
  return { buffer: new SharedArrayBuffer(bytes), shape }
}
