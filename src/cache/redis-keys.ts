/** The records of this house in Redis: which keys are theirs, how many there are, and getting rid of them. */

import type { RecordId } from '../base/types.ts'
import type { RedisClient } from '../redis/client.ts'
import type { Deadline } from '../redis/deadline.ts'
import { RedisFailure } from '../redis/failure.ts'
import type { RedisNode } from '../redis/link.ts'
import { patternOf, placesPerScan, scanKeys } from '../redis/scan.ts'
import { bucketOf } from './cache-key.ts'
import type { Removed, TierUsage, Usage } from './tier.ts'

/** How many keys are asked about or removed in one go. */
export const batchSize = 128

/** How many places of its table a count looks at on each server. */
const maxPlacesCounted = 4 * placesPerScan

/** The text of a `CacheKey`. What else begins with the prefix is no record: limits, purges, another house's longer prefix. */
const recordId = /^[^:]+:[^:]*(?::[qvs]=[^:]*)*$/

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

  async remove(
    ids: readonly RecordId[],
    deadline: Deadline,
    onRemoved: (id: RecordId, bytes: number) => void = () => undefined,
  ): Promise<Removed> {
    const sizes = await this.sizes(ids, deadline)
    const unlink = (id: RecordId) => this.#client.send({ name: 'unlink', args: [this.keyOf(id)] }, deadline)
    const removals = await Promise.all(ids.map(unlink))
    let [entries, bytes] = [0, 0]
    for (const [index, id] of ids.entries()) {
      if (removals[index] !== 1) continue
      const size = sizes[index] ?? 0
      entries += 1
      bytes += size
      onRemoved(id, size)
    }
    return { entries, bytes }
  }

  /** What each counts for: its key, and its value if it has one. */
  async sizes(ids: readonly RecordId[], deadline: Deadline): Promise<readonly number[]> {
    // A value that is no string has no length: it is none of ours.
    const ask = (key: Buffer) => this.#client.send({ name: 'strlen', args: [key] }, deadline).catch(onlyRefused)
    return Promise.all(ids.map((id) => this.keyOf(id)).map(async (key) => key.length + Number((await ask(key)) ?? 0)))
  }

  /**
   * The ids that begin with a text, in batches. Takes as long as there are keys in the databases, whosever they are. May tell
   * of one twice.
   */
  async *startingWith(start: string): AsyncGenerator<readonly RecordId[]> {
    for (const node of this.#client.masters()) {
      for await (const keys of scanKeys(this.#client, node, patternOf(this.#prefix + start))) {
        yield* batchesOf(this.#idsOf(keys).filter((id) => id.startsWith(start)))
      }
    }
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
      for (const [id, bytes] of sizes) {
        const bucket = bucketOf(id)
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
  async #sample(node: RedisNode): Promise<{ readonly sizes: ReadonlyMap<RecordId, number>; readonly weight: number }> {
    const sizes = new Map<RecordId, number>()
    let places = 0
    for await (const keys of scanKeys(this.#client, node, patternOf(this.#prefix))) {
      if (places >= maxPlacesCounted) {
        const all = await this.#client.within((deadline) => node.send({ name: 'dbsize', args: [] }, deadline))
        return { sizes, weight: Math.max(1, Number(all) / places) }
      }
      places += placesPerScan
      for (const batch of batchesOf(this.#idsOf(keys))) {
        const bytes = await this.#client.within((deadline) => this.sizes(batch, deadline))
        for (const [index, id] of batch.entries()) sizes.set(id, bytes[index] ?? 0)
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

  /** Looks at each key once more: what a pattern matches is Redis's word for it. */
  #idsOf(keys: readonly Buffer[]): readonly RecordId[] {
    const ids = keys.map((key) => key.toString().slice(this.#prefix.length) as RecordId)
    return ids.filter((id, index) => recordId.test(id) && keys[index]?.equals(this.keyOf(id)))
  }
}

/** One at least, which may be empty: whoever reads them gets a turn for each page of a scan. */
function* batchesOf(ids: readonly RecordId[]): Generator<readonly RecordId[]> {
  for (let from = 0; from === 0 || from < ids.length; from += batchSize) yield ids.slice(from, from + batchSize)
}

function onlyRefused(error: unknown): undefined {
  if (!(error instanceof RedisFailure) || error.kind !== 'refused') throw error
}
