/** A map in memory that keeps what S3-GD keeps. */

import type { RecordId } from '../base/types.ts'
import { hashOf } from './ghosts.ts'
import type { Retention, RetentionOptions } from './retention.ts'
import { S3GdPolicy } from './s3gd-policy.ts'

/** Capacities are powers of two from here on. */
const initialCapacity = 1024

export class S3GdRetention<V> implements Retention<V> {
  readonly maxEntryBytes: number
  readonly #onEvict: RetentionOptions['onEvict']
  readonly #slotOf = new Map<RecordId, number>()
  readonly #policy: S3GdPolicy
  /** By slot, like the columns of the policy. */
  #ids: (RecordId | undefined)[] = []
  #values: (V | undefined)[] = []

  constructor({ maxBytes, maxEntryBytes, onEvict }: RetentionOptions) {
    this.maxEntryBytes = Math.min(maxEntryBytes, maxBytes)
    this.#onEvict = onEvict
    this.#policy = new S3GdPolicy({ maxBytes, sizes: new Float64Array(0), onEvict: (slot) => this.#drop(slot) })
    this.#grow(initialCapacity)
  }

  get bytes(): number {
    return this.#policy.bytes
  }

  get size(): number {
    return this.#slotOf.size
  }

  get(id: RecordId): V | undefined {
    const slot = this.#slotOf.get(id)
    if (slot === undefined) return undefined
    this.#policy.use(slot)
    return this.#values[slot]
  }

  peek(id: RecordId): V | undefined {
    const slot = this.#slotOf.get(id)
    return slot === undefined ? undefined : this.#values[slot]
  }

  bytesOf(id: RecordId): number | undefined {
    const slot = this.#slotOf.get(id)
    return slot === undefined ? undefined : this.#policy.slots.size[slot]
  }

  usesOf(id: RecordId): number | undefined {
    const slot = this.#slotOf.get(id)
    return slot === undefined ? undefined : this.#policy.slots.uses[slot]
  }

  set(id: RecordId, value: V, bytes: number): boolean {
    const policy = this.#policy
    const old = this.#slotOf.get(id)
    let toMain = false
    let uses = 0
    if (old !== undefined) {
      toMain = policy.isInMain(old)
      uses = policy.slots.uses[old] as number
      this.#take(old)
    }
    if (bytes > this.maxEntryBytes) return false
    const hash = hashOf(id)
    if (policy.learn(hash, bytes)) toMain = true
    policy.makeRoom(bytes)
    if (policy.slots.isFull) this.#grow(policy.slots.capacity * 2)
    const slot = policy.add(hash, bytes, toMain)
    if (uses > 0) policy.slots.uses[slot] = uses
    this.#slotOf.set(id, slot)
    this.#ids[slot] = id
    this.#values[slot] = value
    return true
  }

  delete(id: RecordId): number | undefined {
    const slot = this.#slotOf.get(id)
    return slot === undefined ? undefined : this.#take(slot)
  }

  shrinkTo(bytes: number): void {
    this.#policy.shrinkTo(bytes)
  }

  /** By slot: a million ids are not copied, and an entry keeps its slot as long as it is there. */
  *keys(): Iterable<RecordId> {
    const slots = this.#ids.length
    for (let slot = 0; slot < slots; slot++) {
      const id = this.#ids[slot]
      if (id !== undefined) yield id
    }
  }

  #drop(slot: number): void {
    const id = this.#ids[slot] as RecordId
    this.#forget(slot)
    this.#onEvict(id, this.#policy.slots.size[slot] as number)
  }

  #take(slot: number): number {
    this.#forget(slot)
    return this.#policy.remove(slot)
  }

  #forget(slot: number): void {
    this.#slotOf.delete(this.#ids[slot] as RecordId)
    this.#ids[slot] = undefined
    this.#values[slot] = undefined
  }

  /** Two places of each kind of ghost per entry: 32 bytes. */
  #grow(capacity: number): void {
    this.#policy.grow(capacity, capacity * 2)
  }
}
