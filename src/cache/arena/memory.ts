import { type ArenaHandle, type ArenaLayout, control, planArena, unitBytes } from './layout.ts'

/** The buffer as one thread sees it. */
export class ArenaMemory {
  readonly layout: ArenaLayout
  readonly words: Int32Array
  readonly bytes: Uint8Array
  /** For copying: its `copy` is faster into shared memory than `set` is. */
  readonly buffer: Buffer
  /** The same memory as doubles, in the few places where there are any. */
  readonly doubles: Float64Array
  /** Doubles that steer what is kept. Not all are written under a lock: a lost update does no harm. */
  readonly figures: Float64Array

  constructor({ buffer, shape }: ArenaHandle) {
    this.layout = planArena(shape)
    this.words = new Int32Array(buffer)
    this.bytes = new Uint8Array(buffer)
    this.buffer = Buffer.from(buffer)
    this.doubles = new Float64Array(buffer, 0, Math.floor(buffer.byteLength / 8))
    this.figures = new Float64Array(buffer, control.figures * 4, (control.end - control.figures) / 2)
  }

  /** In which segment the record at `address` is. */
  segmentOf(address: number): number {
    return ((address - this.layout.dataUnit) / this.layout.segmentUnits) | 0
  }

  firstOf(segment: number): number {
    return this.layout.dataUnit + segment * this.layout.segmentUnits
  }

  copyIn(source: Uint8Array, at: number): void {
    if (source instanceof Buffer) source.copy(this.buffer, at)
    else Buffer.from(source.buffer, source.byteOffset, source.length).copy(this.buffer, at)
  }

  /** All of a record but its header, to another place. */
  move(from: number, to: number, units: number, headerBytes: number): void {
    const start = from * unitBytes
    this.buffer.copy(this.buffer, to * unitBytes + headerBytes, start + headerBytes, start + units * unitBytes)
  }
}
