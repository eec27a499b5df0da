/**
 * The file that an index is written to: magic, format version, byte order, number of sections, length of each; the
 * sections, which are columns as they lie in memory; a checksum over all of it. One wrong bit anywhere is noticed.
 */

import { crc32 } from 'node:zlib'

/** The version of what this file writes, and of every `save` below it. A reader that meets another one gives up. */
export const snapshotFormat = 2

/** Written as the machine writes numbers: one of the other byte order reads it as something else. */
const magic = 0x59_47_49_58
const preludeWords = 3
const wordBytes = Uint32Array.BYTES_PER_ELEMENT
const checksumBytes = wordBytes
const mostChunkBytes = 2 ** 20

export type Column =
  | Float64Array<ArrayBufferLike>
  | Int32Array<ArrayBufferLike>
  | Uint32Array<ArrayBufferLike>
  | Uint16Array<ArrayBufferLike>
  | Uint8Array<ArrayBufferLike>

/** Takes the state of everything that is to be written, in the order in which it is read back. */
export class SectionWriter {
  #sections: Uint8Array[] = []

  numbers(...values: number[]): void {
    this.lend(new Float64Array(values))
  }

  /** Copies it. */
  column(column: Column): void {
    this.lend(column.slice())
  }

  /** Without a copy: for what is never written to again. */
  lend(column: Column): void {
    this.#sections.push(new Uint8Array(column.buffer, column.byteOffset, column.byteLength))
  }

  /** Once only: each section is let go when it has been read. */
  *chunks(): Generator<Uint8Array> {
    const sections = this.#sections
    this.#sections = []
    const lengths = sections.map(({ byteLength }) => byteLength)
    const prelude = Uint32Array.of(magic, snapshotFormat, sections.length, ...lengths)
    sections.unshift(new Uint8Array(prelude.buffer))
    let checksum = 0
    for (const [index, section] of sections.entries()) {
      for (let at = 0; at < section.length; at += mostChunkBytes) {
        const chunk = section.subarray(at, at + mostChunkBytes)
        checksum = crc32(chunk, checksum)
        yield chunk
      }
      sections[index] = empty
    }
    yield new Uint8Array(Uint32Array.of(checksum).buffer)
  }
}

const empty = new Uint8Array(0)

/** The sections of a whole file, handed out in order. Asking for what is not there throws `DamagedSnapshot`. */
export class SectionReader {
  readonly #sections: readonly Uint8Array<ArrayBuffer>[]
  #next = 0

  /** Each section alone in its buffer. */
  constructor(sections: readonly Uint8Array<ArrayBuffer>[]) {
    this.#sections = sections
  }

  get isAtEnd(): boolean {
    return this.#next === this.#sections.length
  }

  numbers(count: number): number[] {
    return [...this.column(Float64Array, count)]
  }

  /** Any length when none is given. The column is the caller's to keep. */
  column<C extends Column>(
    kind: { new (buffer: ArrayBuffer): C; readonly BYTES_PER_ELEMENT: number },
    length?: number,
  ): C {
    const section = this.#sections[this.#next++]
    if (section === undefined || section.length % kind.BYTES_PER_ELEMENT !== 0) throw new DamagedSnapshot()
    const column = new kind(section.buffer)
    this.require(length === undefined || column.length === length)
    return column
  }

  require(isSound: boolean): void {
    if (!isSound) throw new DamagedSnapshot()
  }
}

/** Never leaves the room: whoever restores makes "nothing there" of it. */
export class DamagedSnapshot extends Error {}

/** Puts pieces of a file together into sections. */
export class SectionCollector {
  readonly #length: number
  /** What is being filled, in order: prelude, lengths, then the sections and the checksum. */
  readonly #targets: Uint8Array<ArrayBuffer>[]
  #current = 0
  #filled = 0
  #checksum = 0
  #isSound = true

  /** `length`: of the whole file. Never more than this is allocated. */
  constructor(length: number) {
    this.#length = length
    this.#targets = [new Uint8Array(preludeWords * wordBytes)]
  }

  /** Copies the piece. False: the file is none of ours. */
  push(piece: Uint8Array): boolean {
    let rest = piece
    while (this.#isSound && rest.length > 0) rest = this.#fill(rest)
    return this.#isSound
  }

  /** Undefined unless all of the file came, as it was written. */
  finish(): SectionReader | undefined {
    const [prelude, lengths, ...sections] = this.#targets
    const checksum = sections.pop()
    const isWhole = this.#isSound && this.#current === this.#targets.length
    if (!isWhole || prelude === undefined || lengths === undefined || checksum === undefined) return undefined
    return new Uint32Array(checksum.buffer)[0] === this.#checksum ? new SectionReader(sections) : undefined
  }

  /** Returns what the current target had no room for. */
  #fill(piece: Uint8Array): Uint8Array {
    const target = this.#targets[this.#current]
    if (target === undefined) {
      this.#isSound = false
      return empty
    }
    const part = piece.subarray(0, target.length - this.#filled)
    target.set(part, this.#filled)
    this.#filled += part.length
    if (this.#current < 2 || this.#current < this.#targets.length - 1) this.#checksum = crc32(part, this.#checksum)
    while (this.#filled === this.#targets[this.#current]?.length) this.#advance()
    return piece.subarray(part.length)
  }

  #advance(): void {
    const [prelude, lengths] = this.#targets
    if (this.#current === 0 && prelude !== undefined) this.#readPrelude(new Uint32Array(prelude.buffer))
    if (this.#current === 1 && lengths !== undefined) this.#readLengths(new Uint32Array(lengths.buffer))
    this.#current += 1
    this.#filled = 0
  }

  #readPrelude([found, format, sections = 0]: Uint32Array): void {
    const lengthsBytes = sections * wordBytes
    this.#isSound = found === magic && format === snapshotFormat && lengthsBytes <= this.#length
    if (this.#isSound) this.#targets.push(new Uint8Array(lengthsBytes))
  }

  #readLengths(lengths: Uint32Array): void {
    let sum = preludeWords * wordBytes + lengths.byteLength + checksumBytes
    for (const length of lengths) sum += length
    this.#isSound = sum === this.#length
    if (!this.#isSound) return
    for (const length of lengths) this.#targets.push(new Uint8Array(length))
    this.#targets.push(new Uint8Array(checksumBytes))
  }
}
