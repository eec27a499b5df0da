import assert from 'node:assert/strict'
import { seededRandom } from '../../bench/rig/zipf-streams.ts'
import type { Arena } from '../../src/cache/arena/arena.ts'
import { createArena } from '../../src/cache/arena/layout.ts'
import { checkArena } from './arena-check.ts'
import { digestOfKey, recordOfKey, versionIn } from './arena-records.ts'

/** So small that segments are cleaned all the time. */
const shape = { maxBytes: 128 * 1024, workers: 3, maxBuckets: 4, sliceBytes: 4096 }
export const keys = 120
const sizeOfKey = (key: number) => 40 + ((key * 977) % 1500)
const bucketOfKey = (key: number) => key % 3

/** Puts, removals and looks of one worker after the other, by chance, and what must be there afterwards. */
export class Play {
  readonly handle = createArena(shape)
  readonly #random: () => number
  /** Of what is done, the part that is removals. */
  readonly #removals: number
  /** Of each key, the versions that may be found. 0: none. */
  readonly allowed = new Map<number, Set<number>>()
  /** A put that is not over, while other things happen. */
  #underWay: { readonly key: number; readonly version: number; isBarred: boolean } | undefined
  #version = 0

  constructor(seed: number, removals: number) {
    this.#random = seededRandom(seed)
    this.#removals = removals
  }

  chance(): number {
    return this.#random()
  }

  /** Before it is over both the old and the new are allowed; `settle` says that it is. */
  act(arena: Arena): () => void {
    const key = Math.floor(this.#random() ** 2 * keys)
    const choice = this.#random()
    if (choice < 0.5) return this.put(arena, key)
    if (choice < 0.5 + this.#removals) return this.remove(arena, key)
    this.read(arena, key)
    return () => undefined
  }

  put(arena: Arena, key: number, size = sizeOfKey(key)): () => void {
    const version = ++this.#version
    const older = this.#may(key)
    this.allowed.set(key, new Set([...older, 0, version]))
    const record = recordOfKey(key, version, size, bucketOfKey(key))
    const isKept = arena.put(record, arena.generationOf(record.digest))
    return () => this.allowed.set(key, new Set(isKept ? [0, version] : [0]))
  }

  /** While others meddle: whichever of them is last stays, or none. */
  putMeddled(arena: Arena, key: number): void {
    const version = ++this.#version
    this.allowed.set(key, new Set([...this.#may(key), 0]))
    const underWay = { key, version, isBarred: false }
    this.#underWay = underWay
    const record = recordOfKey(key, version, sizeOfKey(key), bucketOfKey(key))
    arena.put(record, arena.generationOf(record.digest))
    this.#underWay = undefined
    this.allowed.set(key, new Set(underWay.isBarred ? [...this.#may(key), 0] : [...this.#may(key), 0, version]))
  }

  remove(arena: Arena, key: number): () => void {
    this.allowed.set(key, new Set([...this.#may(key), 0]))
    if (this.#underWay?.key === key) this.#underWay.isBarred = true
    arena.remove(digestOfKey(key))
    return () => this.allowed.set(key, new Set([0]))
  }

  read(arena: Arena, key: number, whileHeld: () => void = () => undefined): void {
    const before = new Set(this.#may(key))
    const newest = this.#version
    const address = arena.use(digestOfKey(key))
    if (address === 0) return
    const version = versionIn(arena.bodyOf(address), key)
    assert.ok(before.has(version) || version > newest, `version ${version} of key ${key}`)
    whileHeld()
    assert.equal(versionIn(arena.bodyOf(address), key), version)
    arena.release(address)
  }

  check(): void {
    for (const [key, version] of checkArena(this.handle, 2)) {
      assert.ok(this.#may(key).has(version), `version ${version} of key ${key}`)
    }
  }

  #may(key: number): Set<number> {
    const settled = this.allowed.get(key) ?? new Set([0])
    const underWay = this.#underWay
    return underWay?.key === key && !underWay.isBarred ? new Set([...settled, underWay.version]) : settled
  }
}
