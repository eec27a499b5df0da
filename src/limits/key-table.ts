import type { Random } from '../base/random.ts'
import type { Counts } from './algorithm.ts'

const placesPerSet = 8
const bytesPerKey = 24
/** As many as a table has unless said otherwise, and what they take. */
export const usualKeys = 2 ** 18
export const tableBytes = usualKeys * bytesPerKey

/**
 * The counts of any number of keys in memory that never grows, at 24 bytes a key.
 *
 * A key may lie in seven places, those of its set. It takes one that is fresh: a count that is fresh again says the same as
 * none. While all seven are in use, newcomers share the eighth, and whoever gets a place of its own later starts from what
 * the eighth says. So nobody's requests are ever forgotten before their time, however many keys come: a flood that large makes
 * limits stricter for newcomers, looser for nobody.
 */
export class KeyTable implements Counts {
  readonly freshAtMs: Float64Array
  readonly previous: Uint32Array
  readonly current: Uint32Array
  /** Keys are known by 53 bits of hash: that two of them are taken for one is as likely as never. */
  readonly #hashes: Float64Array
  readonly #setMask: number
  readonly #seed: number
  readonly #otherSeed: number

  /** Room for at least `keys`, rounded up to a power of two. */
  constructor(keys: number, random: Random) {
    const sets = 2 ** Math.max(0, Math.ceil(Math.log2(keys / placesPerSet)))
    const places = sets * placesPerSet
    this.freshAtMs = new Float64Array(places)
    this.previous = new Uint32Array(places)
    this.current = new Uint32Array(places)
    this.#hashes = new Float64Array(places)
    this.#setMask = sets - 1
    // Hashes nobody can foretell: else keys could be chosen so that they fill the set of a victim.
    const chance = random.requestId()
    this.#seed = Number.parseInt(chance.slice(0, 8), 16)
    this.#otherSeed = Number.parseInt(chance.slice(-8), 16)
  }

  get bytes(): number {
    return this.freshAtMs.length * bytesPerKey
  }

  /** Where the key's counts are. Good until the next call: a place that was not charged may go to another key. */
  placeOf(key: string, nowMs: number): number {
    const hash = this.#hashOf(key)
    const first = (hash & this.#setMask) * placesPerSet
    const shared = first + placesPerSet - 1
    let own = shared
    for (let place = first; place < shared; place++) {
      if (this.#hashes[place] === hash) return place
      if (own === shared && (this.freshAtMs[place] ?? 0) <= nowMs) own = place
    }
    if (own === shared) return shared
    this.#hashes[own] = hash
    this.freshAtMs[own] = this.freshAtMs[shared] ?? 0
    this.previous[own] = this.previous[shared] ?? 0
    this.current[own] = this.current[shared] ?? 0
    return own
  }

  /** The key is as good as never charged. One that has no place of its own keeps what it shares with others. */
  reset(key: string, nowMs: number): void {
    const place = this.placeOf(key, nowMs)
    if (place % placesPerSet !== placesPerSet - 1) this.freshAtMs[place] = 0
  }

  /** Two 32-bit hashes by multiplication, mixed into one number (after cyrb53, public domain). */
  #hashOf(key: string): number {
    let low = this.#seed
    let high = this.#otherSeed
    for (let index = 0; index < key.length; index++) {
      const unit = key.charCodeAt(index)
      low = Math.imul(low ^ unit, 0x9e3779b1)
      high = Math.imul(high ^ unit, 0x5f356495)
      low ^= low >>> 15
      high ^= high >>> 13
    }
    low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35)
    high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35)
    return (high & 0x1fffff) * 2 ** 32 + (low >>> 0)
  }
}
