import type { SectionReader, SectionWriter } from './index-snapshot.ts'

/**
 * What was evicted lately, without keeping its key: a table of 32-bit key hashes, four to a row, each with the number of
 * the eviction that put it there. 8 bytes a place. Has no room before `resize`. Two keys with one hash are taken for
 * each other, which costs one misplaced entry in billions.
 */
export class Ghosts {
  /** 0 is an empty place: `hashOf` never gives it. */
  #hashes = new Uint32Array(0)
  #evictions = new Uint32Array(0)
  #rowMask = 0
  #evicted = 0

  put(hash: number): void {
    this.#evicted = (this.#evicted + 1) >>> 0
    this.#place(hash, this.#evicted)
  }

  /** How many evictions ago the hash was put, and forgets it; Infinity when it is not known. */
  take(hash: number): number {
    const row = this.#rowOf(hash)
    for (let place = row; place < row + ways; place++) {
      if (this.#hashes[place] === hash) {
        this.#hashes[place] = 0
        return (this.#evicted - (this.#evictions[place] as number)) >>> 0
      }
    }
    return Number.POSITIVE_INFINITY
  }

  /** `places`: a power of two, 4 at least. Twice as many as ghosts that matter, and rows rarely overflow. */
  resize(places: number): void {
    const hashes = this.#hashes
    const evictions = this.#evictions
    if (places === hashes.length) return
    this.#rowMask = places / ways - 1
    this.#hashes = new Uint32Array(places)
    this.#evictions = new Uint32Array(places)
    for (const [place, hash] of hashes.entries()) {
      if (hash !== 0) this.#place(hash, evictions[place] as number)
    }
  }

  save(to: SectionWriter): void {
    to.numbers(this.#evicted)
    to.column(this.#hashes)
    to.column(this.#evictions)
  }

  restore(from: SectionReader): void {
    const [evicted = 0] = from.numbers(1)
    this.#evicted = evicted
    this.#hashes = from.column(Uint32Array)
    const places = this.#hashes.length
    from.require(places >= ways && (places & (places - 1)) === 0)
    this.#evictions = from.column(Uint32Array, places)
    this.#rowMask = places / ways - 1
  }

  /** Over the same hash, else in a free place, else over the oldest of the row. */
  #place(hash: number, eviction: number): void {
    const row = this.#rowOf(hash)
    let chosen = row
    let oldest = -1
    for (let place = row; place < row + ways; place++) {
      if (this.#hashes[place] === hash || this.#hashes[place] === 0) {
        chosen = place
        break
      }
      const age = (this.#evicted - (this.#evictions[place] as number)) >>> 0
      if (age > oldest) {
        oldest = age
        chosen = place
      }
    }
    this.#hashes[chosen] = hash
    this.#evictions[chosen] = eviction
  }

  #rowOf(hash: number): number {
    return ((Math.imul(hash, 0x9e3779b1) >>> 8) & this.#rowMask) * ways
  }
}

const ways = 4

/** FNV-1a over the characters, folded. Only inserts pay for it: 4 ns a character. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0 || 1
}
