/** How many records of which bucket there are, and their bytes: counted by stripe, under the stripe's lock. */

import type { Usage } from '../tier.ts'
import { control, nameRowWords, slotsPerBucket, unitBytes } from './layout.ts'
import type { ThreadLocks } from './locks.ts'
import type { ArenaMemory } from './memory.ts'
import { bucketMask, header } from './record-header.ts'
import type { SlotIndex } from './slot-index.ts'

const longestName = nameRowWords * 4 - 4

/** Buckets by number, the same for all workers. A bucket keeps its number as long as the arena lives. */
export class BucketNames {
  readonly #memory: ArenaMemory
  readonly #locks: ThreadLocks
  readonly #names: string[] = []
  readonly #numbers = new Map<string, number>()

  constructor(memory: ArenaMemory, locks: ThreadLocks) {
    this.#memory = memory
    this.#locks = locks
  }

  /** Undefined when there are too many, or the name is too long: its records cannot be kept. */
  numberOf(name: string): number | undefined {
    return this.#numbers.get(name) ?? this.#register(name)
  }

  nameOf(number: number): string {
    if (number >= this.#names.length) this.#readNew()
    return this.#names[number] ?? ''
  }

  get all(): readonly string[] {
    this.#readNew()
    return this.#names
  }

  #register(name: string): number | undefined {
    const text = Buffer.from(name)
    if (text.length > longestName) return undefined
    this.#locks.take(control.namesLock)
    this.#readNew()
    let number = this.#numbers.get(name)
    const { names, shape } = this.#memory.layout
    if (number === undefined && this.#names.length < shape.maxBuckets) {
      number = this.#names.length
      const row = names + number * nameRowWords
      this.#memory.words[row] = text.length
      this.#memory.copyIn(text, (row + 1) * 4)
      Atomics.store(this.#memory.words, control.nameCount, number + 1)
      this.#readNew()
    }
    this.#locks.give(control.namesLock)
    return number
  }

  #readNew(): void {
    const { words, buffer, layout } = this.#memory
    const count = Atomics.load(words, control.nameCount)
    for (let number = this.#names.length; number < count; number++) {
      const row = layout.names + number * nameRowWords
      const start = (row + 1) * 4
      const name = buffer.toString('utf8', start, start + (words[row] as number))
      this.#names.push(name)
      this.#numbers.set(name, number)
    }
  }
}

export class Accounts {
  readonly #memory: ArenaMemory
  readonly #index: SlotIndex

  constructor(memory: ArenaMemory, index: SlotIndex) {
    this.#memory = memory
    this.#index = index
  }

  came(stripe: number, address: number): void {
    this.#book(stripe, address, 1)
  }

  left(stripe: number, address: number): void {
    this.#book(stripe, address, -1)
  }

  /** What a worker that died may have left half done. Under the stripe's lock. */
  recount(stripe: number): void {
    const { words, layout } = this.#memory
    const start = this.#rowOf(stripe, 0)
    words.fill(0, start, start + layout.shape.maxBuckets * 2)
    const { first, end } = this.#index.bucketsOf(stripe)
    for (let slot = first; slot < end; slot++) {
      const address = words[slot] as number
      if ((slot & slotsPerBucket) !== 0 && address !== 0) this.came(stripe, address)
    }
  }

  /** By bucket number. Others may be at work: each row is what it was at some time during the call. */
  read(buckets: number): readonly Usage[] {
    const { words, layout } = this.#memory
    return Array.from({ length: buckets }, (_, bucket) => {
      let [items, units] = [0, 0]
      for (let stripe = 0; stripe < layout.stripes; stripe++) {
        const row = this.#rowOf(stripe, bucket)
        items += words[row] as number
        units += words[row + 1] as number
      }
      return { items, bytes: units * unitBytes }
    })
  }

  #book(stripe: number, address: number, sign: 1 | -1): void {
    const { words } = this.#memory
    const at = address * 4
    const row = this.#rowOf(stripe, (words[at + header.flags] as number) & bucketMask)
    words[row] = (words[row] as number) + sign
    words[row + 1] = (words[row + 1] as number) + sign * (words[at + header.units] as number)
  }

  #rowOf(stripe: number, bucket: number): number {
    const { accounts, shape } = this.#memory.layout
    return accounts + (stripe * shape.maxBuckets + bucket) * 2
  }
}
