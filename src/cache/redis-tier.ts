/** Records in a Redis that several proxies share, and the purges of all of them. */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { RecordId } from '../base/types.ts'
import { RedisClient, type RedisEvents } from '../redis/client.ts'
import type { RedisOptions } from '../redis/options.ts'
import type { Purge, PurgeKeeper } from './purge.ts'
import { type CacheRecord, type ObjectHead, tagsOf } from './record.ts'
import { RedisClock } from './redis-clock.ts'
import { RedisKeys } from './redis-keys.ts'
import { type RedisPurgePorts, RedisPurges } from './redis-purges.ts'
import { RedisSweep, startOf } from './redis-sweep.ts'
import { decodeValue } from './redis-value.ts'
import { RedisValues } from './redis-values.ts'
import { covers, type Scope } from './scope.ts'
import type { CacheTier, Listed, Removed, TierUsage } from './tier.ts'
import { WriteOrder } from './write-order.ts'

export interface RedisTierOptions {
  readonly redis: RedisOptions
  readonly keyPrefix: string
  /** How long a record stays in Redis at most; 0: until Redis has no room. How long it is fresh is another matter. */
  readonly ttlMs: number
  /** The largest value that is written or read. 4 MiB unless said otherwise: a record is 1 MiB and its head. */
  readonly maxValueBytes?: number
  /** How long `clear` keeps its caller waiting before it goes on behind. 50 unless said otherwise. */
  readonly clearWithinMs?: number
}

export interface RedisTierPorts extends RedisPurgePorts {
  readonly clock: Clock
  readonly random: Random
  readonly events: RedisEvents
}

export interface RedisTier extends CacheTier, PurgeKeeper {
  readonly name: 'redis'
  /** Brings `usage` up to date, as happens each minute. */
  recount(): Promise<void>
}

/** Does not wait for Redis: until it is there, and while it is not, every operation rejects at once. */
export function createRedisTier(options: RedisTierOptions, ports: RedisTierPorts): RedisTier {
  return new RecordsInRedis(options, ports)
}

const recountEveryMs = 60_000

const nothingYet: TierUsage = { items: 0, bytes: 0, maxBytes: 0, buckets: new Map(), isEstimate: true }

class RecordsInRedis implements RedisTier {
  readonly name = 'redis'
  readonly #client: RedisClient
  readonly #keys: RedisKeys
  readonly #values: RedisValues
  readonly #clock: RedisClock
  readonly #purges: RedisPurges
  readonly #sweep: RedisSweep
  readonly #order = new WriteOrder()
  readonly #callOff: () => void
  #usage = nothingYet
  #isClosed = false

  constructor(options: RedisTierOptions, ports: RedisTierPorts) {
    const { redis, keyPrefix, ttlMs, maxValueBytes = 4 * 2 ** 20, clearWithinMs = 50 } = options
    const { clock, random, events } = ports
    const client = new RedisClient(redis, {
      clock,
      random,
      events: {
        connected: () => {
          events.connected()
          this.#recountQuietly()
        },
        lost: (reason) => {
          this.#clock.forget()
          events.lost(reason)
        },
      },
      onReady: () => {
        void this.#clock.measure()
        this.#purges.connectionCame()
      },
    })
    this.#client = client
    this.#keys = new RedisKeys(client, keyPrefix)
    this.#values = new RedisValues(client, this.#keys, { ttlMs, maxValueBytes })
    this.#clock = new RedisClock(() => client.serverTimeMs(), clock)
    this.#purges = new RedisPurges(client, this.#clock, clock, { keyPrefix, ttlMs }, ports)
    this.#sweep = new RedisSweep({ client, keys: this.#keys, values: this.#values, clock }, clearWithinMs)
    this.#callOff = clock.repeat(recountEveryMs, () => this.#recountQuietly())
  }

  async get(id: RecordId): Promise<CacheRecord | undefined> {
    this.#requireOpen()
    const { shiftMs } = this.#clock
    const value = await this.#client.within(async (deadline) => {
      await this.#order.settled(id)
      await this.#purges.known()
      return this.#values.read(id, deadline)
    })
    if (value === undefined) return undefined
    const read = value === 'no value' ? ({ kind: 'garbage' } as const) : decodeValue(id, value, -shiftMs)
    if (read.kind === 'record') return this.#isDoubtful(id, read.record) ? undefined : read.record
    if (read.kind === 'foreign') return undefined
    void this.#discard(id) // never rejects
    throw new Error('a value in redis is no record; it is removed')
  }

  async has(id: RecordId): Promise<boolean> {
    this.#requireOpen()
    return this.#client.within(async (deadline) => {
      await this.#order.settled(id)
      await this.#purges.known()
      return (await this.#client.send({ name: 'exists', args: [this.#keys.keyOf(id)] }, deadline)) === 1
    })
  }

  async put(id: RecordId, record: CacheRecord): Promise<void> {
    this.#requireOpen()
    const { shiftMs } = this.#clock
    await this.#client.within((deadline) =>
      this.#order.run(id, () => this.#values.write(id, record, shiftMs, deadline)),
    )
  }

  async remove(id: RecordId): Promise<Removed> {
    this.#requireOpen()
    return this.#client.within((deadline) => this.#order.run(id, () => this.#keys.remove([id], deadline)))
  }

  /** By tag nothing is looked for: it is left to the purge in Redis, as is what goes on behind and fails. */
  async clear(scope: Scope, onRemoved?: (id: RecordId) => void): Promise<Removed> {
    this.#requireOpen()
    await this.#client.within(() => this.#order.allSettled((id) => covers(scope, id)))
    return this.#sweep.clear(scope, onRemoved)
  }

  /** Rejects when a step of it takes longer than an operation may. */
  async each(scope: Scope, visit: (listed: Listed) => void): Promise<void> {
    this.#requireOpen()
    for await (const batch of this.#keys.startingWith(startOf(scope))) {
      const ids = await this.#covered(batch, scope)
      const sizes = await this.#client.within((deadline) => this.#keys.sizes(ids, deadline))
      for (const [index, id] of ids.entries()) visit({ id, bytes: sizes[index] ?? 0, hits: undefined })
    }
  }

  async peek(id: RecordId): Promise<{ readonly head: ObjectHead; readonly listed: Listed } | undefined> {
    this.#requireOpen()
    const { shiftMs } = this.#clock
    return this.#client.within(async (deadline) => {
      await this.#order.settled(id)
      await this.#purges.known()
      const sizes = this.#keys.sizes([id], deadline)
      const [record, [bytes = 0]] = await Promise.all([this.#values.look(id, -shiftMs, deadline), sizes])
      if (record?.kind !== 'object' || this.#isDoubtful(id, record)) return undefined
      return { head: record.head, listed: { id, bytes, hits: undefined } }
    })
  }

  async keep(purge: Purge): Promise<void> {
    this.#requireOpen()
    await this.#purges.keep(purge)
  }

  /** Others may need it still: it goes with its age. */
  forget(): void {}

  usage(): TierUsage {
    return this.#usage
  }

  async recount(): Promise<void> {
    const usage = await this.#keys.count()
    // A bucket that was emptied keeps its row of zeros, so that its gauges go to zero too.
    const buckets = new Map(usage.buckets)
    for (const bucket of this.#usage.buckets.keys()) {
      if (!buckets.has(bucket)) buckets.set(bucket, { items: 0, bytes: 0 })
    }
    this.#usage = { ...usage, buckets }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#callOff()
    this.#purges.close()
    this.#clock.close()
    // What does not end in the time of one operation is given up.
    const ends = () => Promise.all([this.#order.allSettled(), this.#sweep.close()])
    await this.#client.within(ends).catch(() => undefined)
    await this.#client.close()
  }

  async #covered(ids: readonly RecordId[], scope: Scope): Promise<readonly RecordId[]> {
    if (scope.kind !== 'tag') return ids.filter((id) => covers(scope, id))
    const look = (id: RecordId) => this.#client.within((deadline) => this.#values.look(id, 0, deadline))
    const records = await Promise.all(ids.map(look))
    return ids.filter((id, index) => {
      const record = records[index]
      return record !== undefined && covers(scope, id, tagsOf(record))
    })
  }

  #isDoubtful(id: RecordId, record: CacheRecord): boolean {
    return record.kind === 'object' && this.#purges.isDoubtful(id, record.head)
  }

  /** Garbage is met once. When this fails it is met again. */
  async #discard(id: RecordId): Promise<void> {
    await this.remove(id).catch(() => undefined)
  }

  #recountQuietly(): void {
    // Without an answer the older numbers stay; that Redis does not answer is told elsewhere.
    this.recount().catch(() => undefined)
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new Error('the redis tier is closed')
  }
}
