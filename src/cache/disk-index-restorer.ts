import { DiskIndex, type DiskIndexOptions } from './disk-index.ts'
import { DamagedSnapshot, SectionCollector } from './index-snapshot.ts'

/** Makes an index of what `snapshot` wrote, read piece by piece. */
export class DiskIndexRestorer {
  readonly #collector: SectionCollector
  readonly #options: DiskIndexOptions

  /** `length`: of the whole file. */
  constructor(length: number, options: DiskIndexOptions) {
    this.#collector = new SectionCollector(length)
    this.#options = options
  }

  /** Takes the next piece, of any size, and copies it. False: this will come to nothing, reading on is of no use. */
  push(piece: Uint8Array): boolean {
    return this.#collector.push(piece)
  }

  /** Undefined when it was of another version, torn, or damaged. Over its bound when that is smaller now: `makeRoom(0)`. */
  finish(): DiskIndex | undefined {
    const sections = this.#collector.finish()
    if (sections === undefined) return undefined
    try {
      return DiskIndex.restore(sections, this.#options)
    } catch (error) {
      if (error instanceof DamagedSnapshot) return undefined // the checksum was right, what it covers is not
      throw error
    }
  }
}
