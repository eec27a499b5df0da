/** Records in a Redis that several proxies share. */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { RecordId } from '../base/types.ts'
import { type Lane, RedisClient, type RedisEvents } from '../redis/client.ts'
import type { Deadline } from '../redis/deadline.ts'
import { RedisFailure } from '../redis/failure.ts'
import type { RedisOptions } from '../redis/options.ts'
import { objectOf } from './cache-key.ts'
import type { CacheRecord } from './record.ts'
import { bodyOf } from './record-codec.ts'
import { RedisClock } from './redis-clock.ts'
import { RedisKeys } from './redis-keys.ts'
import { decodeValue, encodeValue } from './redis-value.ts'
import type { CacheTier, Removed, TierUsage } from './tier.ts'
import { WriteOrder } from './write-order.ts'

export interface RedisTierOptions {
  readonly redis: RedisOptions
  readonly keyPrefix: string
  /** How long a record stays in Redis at most; 0: until Redis has no room. How long it is fresh is another matter. */
  readonly ttlMs: number
  /** The largest value that is written or read. 4 MiB unless said otherwise: a record is 1 MiB and its head. */
  readonly maxValueBytes?: number
}

export interface RedisTierPorts {
  readonly clock: Clock
  readonly random: Random
  readonly events: RedisEvents
}

export interface RedisTier extends CacheTier {
  /** Brings `usage` up to date, as happens each minute. */
  recount(): Promise<void>
}

/** Does not wait for Redis: until it is there, and while it is not, every operation rejects at once. */
export function createRedisTier(options: RedisTierOptions, ports: RedisTierPorts): RedisTier {
  return new RecordsInRedis(options, ports)
}

const recountEveryMs = 60_000

/** A value beyond this goes over the connection for bulk: at 1 Gbit/s it takes a quarter of a millisecond. */
const bulkBytes = 32 * 2 ** 10

const nothingYet: TierUsage = { items: 0, bytes: 0, maxBytes: 0, buckets: new Map(), isEstimate: true }

class RecordsInRedis implements RedisTier {
  readonly name = 'redis'
  readonly #client: RedisClient
  readonly #keys: RedisKeys
  readonly #clock: RedisClock
  readonly #order = new WriteOrder()
  readonly #ttlMs: number
  readonly #maxValueBytes: number
  readonly #callOff: () => void
  #usage = nothingYet
  #isClosed = false

  constructor({ redis, keyPrefix, ttlMs, maxValueBytes }: RedisTierOptions, { clock, random, events }: RedisTierPorts) {
    this.#ttlMs = ttlMs
    this.#maxValueBytes = maxValueBytes ?? 4 * 2 ** 20
    this.#client = new RedisClient(redis, {
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
      onReady: () => void this.#clock.measure(),
    })
    this.#keys = new RedisKeys(this.#client, keyPrefix)
    this.#clock = new RedisClock(() => this.#client.serverTimeMs(), clock)
    this.#callOff = clock.repeat(recountEveryMs, () => this.#recountQuietly())
  }

  async get(id: RecordId): Promise<CacheRecord | undefined> {
    this.#requireOpen()
    const { shiftMs } = this.#clock
    const value = await this.#client.within(async (deadline) => {
      await this.#order.settled(id)
      return this.#read(id, deadline)
    })
    if (value === undefined) return undefined
    const read = value === 'no value' ? ({ kind: 'garbage' } as const) : decodeValue(id, value, -shiftMs)
    if (read.kind === 'record') return read.record
    if (read.kind === 'foreign') return undefined
    void this.#discard(id) // never rejects
    throw new Error('a value in redis is no record; it is removed')
  }

  async has(id: RecordId): Promise<boolean> {
    this.#requireOpen()
    return this.#client.within(async (deadline) => {
      await this.#order.settled(id)
      return (await this.#client.send({ name: 'exists', args: [this.#keys.keyOf(id)] }, deadline)) === 1
    })
  }

  async put(id: RecordId, record: CacheRecord): Promise<void> {
    this.#requireOpen()
    const { shiftMs } = this.#clock
    await this.#client.within((deadline) => this.#order.run(id, () => this.#write(id, record, shiftMs, deadline)))
  }

  async remove(id: RecordId): Promise<Removed> {
    this.#requireOpen()
    return this.#client.within((deadline) =>
      this.#order.run(id, () => this.#keys.remove([this.#keys.keyOf(id)], deadline)),
    )
  }

  /** Takes as long as there are keys; rejects when a step of it takes longer than an operation may. */
  async clear(bucket?: string): Promise<Removed> {
    this.#requireOpen()
    await this.#client.within(() => this.#order.allSettled())
    return this.#keys.clear(bucket)
  }

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
    this.#clock.close()
    // What does not end in the time of one operation is given up.
    await this.#client.within(() => this.#order.allSettled()).catch(() => undefined)
    await this.#client.close()
  }

  /**
   * Whether a head has its object's bytes with it shows only in its value: the beginning is read, and the whole over the
   * other connection when that was not all. A value that is replaced in between is read as a whole all the same.
   */
  async #read(id: RecordId, deadline: Deadline): Promise<Buffer | 'no value' | undefined> {
    const key = this.#keys.keyOf(id)
    if (objectOf(id) === id) {
      const start = await this.#readUpTo(bulkBytes, key, deadline, 'ordinary')
      if (start === undefined || start === 'no value' || start.length < bulkBytes) return start
    }
    // Of a larger one the end is missing, which makes it garbage.
    return this.#readUpTo(this.#maxValueBytes, key, deadline, 'bulk')
  }

  /** Undefined: nothing is there. `no value`: something that is no string. */
  async #readUpTo(
    bytes: number,
    key: Buffer,
    deadline: Deadline,
    lane: Lane,
  ): Promise<Buffer | 'no value' | undefined> {
    try {
      const reply = await this.#client.send({ name: 'getrange', args: [key, 0, bytes - 1] }, deadline, lane)
      if (!Buffer.isBuffer(reply)) throw new RedisFailure('refused', 'redis did not answer with a value')
      return reply.length === 0 ? undefined : reply
    } catch (error) {
      if (error instanceof RedisFailure && error.code === 'WRONGTYPE') return 'no value'
      throw error
    }
  }

  async #write(id: RecordId, record: CacheRecord, shiftMs: number, deadline: Deadline): Promise<void> {
    const key = this.#keys.keyOf(id)
    const isHuge = (bodyOf(record)?.byteLength ?? 0) > this.#maxValueBytes
    const value = isHuge ? undefined : encodeValue(id, record, shiftMs)
    if (value === undefined || value.length > this.#maxValueBytes) {
      await this.#client.send({ name: 'unlink', args: [key] }, deadline)
      return
    }
    const stay = this.#ttlMs === 0 ? [] : ['PX', Math.ceil(this.#ttlMs)]
    const lane = value.length > bulkBytes ? 'bulk' : 'ordinary'
    await this.#client.send({ name: 'set', args: [key, value, ...stay] }, deadline, lane)
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
