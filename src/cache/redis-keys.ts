/** What this house keeps in Redis: which keys are ours, how many there are, and getting rid of them. */

import type { RecordId } from '../base/types.ts'
import type { RedisClient } from '../redis/client.ts'
import type { Deadline } from '../redis/deadline.ts'
import { RedisFailure } from '../redis/failure.ts'
import type { RedisNode } from '../redis/link.ts'
import { patternOf, placesPerScan, scanKeys } from '../redis/scan.ts'
import { bucketOf } from './cache-key.ts'
import type { Removed, TierUsage, Usage } from './tier.ts'

/** How many keys are asked about or removed in one go. */
const batchSize = 128

/** How many places of its table a count looks at on each server. */
const maxPlacesCounted = 4 * placesPerScan

export class RedisKeys {
  readonly #client: RedisClient
  readonly #prefix: string

  constructor(client: RedisClient, prefix: string) {
    this.#client = client
    this.#prefix = prefix
  }

  keyOf(id: RecordId): Buffer {
    return Buffer.from(this.#prefix + id)
  }

  async remove(keys: readonly Buffer[], deadline: Deadline): Promise<Removed> {
    const lengths = await this.#lengths(keys, deadline)
    const removals = await Promise.all(keys.map((key) => this.#client.send({ name: 'unlink', args: [key] }, deadline)))
    const removed = keys.map((key, index) => (removals[index] === 1 ? key.length + (lengths[index] ?? 0) : undefined))
    const sizes = removed.filter((bytes) => bytes !== undefined)
    return { entries: sizes.length, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) }
  }

  /** Takes as long as there are keys in the database, whosever they are. */
  async clear(bucket?: string): Promise<Removed> {
    const start = this.#prefix + (bucket === undefined ? '' : `${bucket}:`)
    let [entries, bytes] = [0, 0]
    for (const node of this.#client.masters()) {
      for await (const batch of this.#batches(node, start)) {
        const removed = await this.#client.within((deadline) => this.remove(batch, deadline))
        entries += removed.entries
        bytes += removed.bytes
      }
    }
    return { entries, bytes }
  }

  /**
   * Exact when the servers hold few keys. Of many it looks at some thousands: a scan goes by hash, so what it meets first
   * is a fair sample.
   */
  async count(): Promise<TierUsage> {
    const totals = { items: 0, bytes: 0, maxBytes: 0 }
    const buckets = new Map<string, { items: number; bytes: number }>()
    for (const node of this.#client.masters()) {
      const { sizes, weight } = await this.#sample(node)
      totals.maxBytes += await this.#maxBytesOf(node)
      for (const [key, bytes] of sizes) {
        const bucket = bucketOf(key.slice(this.#prefix.length) as RecordId)
        const account = buckets.get(bucket) ?? { items: 0, bytes: 0 }
        account.items += weight
        account.bytes += bytes * weight
        buckets.set(bucket, account)
      }
    }
    const rounded = new Map<string, Usage>()
    for (const [bucket, account] of buckets) {
      const usage = { items: Math.round(account.items), bytes: Math.round(account.bytes) }
      rounded.set(bucket, usage)
      totals.items += usage.items
      totals.bytes += usage.bytes
    }
    return { ...totals, buckets: rounded, isEstimate: true }
  }

  /** `weight`: how many keys of the server each of the sample stands for. A scan may tell of a key twice. */
  async #sample(node: RedisNode): Promise<{ readonly sizes: ReadonlyMap<string, number>; readonly weight: number }> {
    const sizes = new Map<string, number>()
    let places = 0
    for await (const keys of scanKeys(this.#client, node, patternOf(this.#prefix))) {
      if (places >= maxPlacesCounted) {
        const all = await this.#client.within((deadline) => node.send({ name: 'dbsize', args: [] }, deadline))
        return { sizes, weight: Math.max(1, Number(all) / places) }
      }
      places += placesPerScan
      for (const batch of batchesOf(keys, this.#prefix)) {
        const lengths = await this.#client.within((deadline) => this.#lengths(batch, deadline))
        for (const [index, key] of batch.entries()) sizes.set(key.toString(), key.length + (lengths[index] ?? 0))
      }
    }
    return { sizes, weight: 1 }
  }

  /** 0: no bound, or it is not for us to know. */
  async #maxBytesOf(node: RedisNode): Promise<number> {
    const ask = (deadline: Deadline) => node.send({ name: 'info', args: ['memory'] }, deadline)
    const report = await this.#client.within(ask).catch(onlyRefused)
    return Number(/^maxmemory:(\d+)/m.exec(String(report))?.[1] ?? 0)
  }

  async *#batches(node: RedisNode, start: string): AsyncGenerator<readonly Buffer[]> {
    for await (const keys of scanKeys(this.#client, node, patternOf(start))) yield* batchesOf(keys, start)
  }

  async #lengths(keys: readonly Buffer[], deadline: Deadline): Promise<readonly number[]> {
    // A value that is no string has no length: it is none of ours.
    const ask = (key: Buffer) => this.#client.send({ name: 'strlen', args: [key] }, deadline).catch(onlyRefused)
    const lengths = await Promise.all(keys.map(ask))
    return lengths.map((length) => Number(length ?? 0))
  }
}

/** Looks at each key once more: what a pattern matches is Redis's word for it. */
function* batchesOf(keys: readonly Buffer[], start: string): Generator<readonly Buffer[]> {
  const bytes = Buffer.from(start)
  const ours = keys.filter((key) => key.subarray(0, bytes.length).equals(bytes))
  for (let from = 0; from < ours.length; from += batchSize) yield ours.slice(from, from + batchSize)
}

function onlyRefused(error: unknown): undefined {
  if (!(error instanceof RedisFailure) || error.kind !== 'refused') throw error
}
