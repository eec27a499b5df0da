/** Reading and writing the values of records in Redis: how much of one, and over which connection. */

import type { RecordId } from '../base/types.ts'
import type { Lane, RedisClient } from '../redis/client.ts'
import type { Deadline } from '../redis/deadline.ts'
import { RedisFailure } from '../redis/failure.ts'
import { objectOf } from './cache-key.ts'
import { bodyOf, type CacheRecord } from './record.ts'
import type { RedisKeys } from './redis-keys.ts'
import { decodeStart, encodeValue, startLength } from './redis-value.ts'

/** A value beyond this goes over the connection for bulk: at 1 Gbit/s it takes a quarter of a millisecond. */
const bulkBytes = 32 * 2 ** 10

/** Nearly every head is shorter. */
const startBytes = 2 * 2 ** 10

export interface RedisValuesOptions {
  /** How long a record stays at most; 0: until Redis has no room. */
  readonly ttlMs: number
  readonly maxValueBytes: number
}

export class RedisValues {
  readonly #client: RedisClient
  readonly #keys: RedisKeys
  readonly #ttlMs: number
  readonly #maxValueBytes: number

  constructor(client: RedisClient, keys: RedisKeys, { ttlMs, maxValueBytes }: RedisValuesOptions) {
    this.#client = client
    this.#keys = keys
    this.#ttlMs = ttlMs
    this.#maxValueBytes = maxValueBytes
  }

  /**
   * Whether a head has its object's bytes with it shows only in its value: the beginning is read, and the whole over the
   * other connection when that was not all. A value that is replaced in between is read as a whole all the same.
   */
  async read(id: RecordId, deadline: Deadline): Promise<Buffer | 'no value' | undefined> {
    if (objectOf(id) === id) {
      const start = await this.#readUpTo(bulkBytes, id, deadline, 'ordinary')
      if (start === undefined || start === 'no value' || start.length < bulkBytes) return start
    }
    // Of a larger one the end is missing, which makes it garbage.
    return this.#readUpTo(this.#maxValueBytes, id, deadline, 'bulk')
  }

  /** The record without its bytes. Undefined: none that this version can read. `shiftMs` is added to its times. */
  async look(id: RecordId, shiftMs: number, deadline: Deadline): Promise<CacheRecord | undefined> {
    const start = await this.#readUpTo(startBytes, id, deadline, 'ordinary')
    if (start === undefined || start === 'no value') return undefined
    const length = startLength(start)
    if (length <= start.length || length > this.#maxValueBytes) return decodeStart(id, start, shiftMs)
    const longer = await this.#readUpTo(length, id, deadline, 'ordinary')
    return longer === undefined || longer === 'no value' ? undefined : decodeStart(id, longer, shiftMs)
  }

  /** A record that is too large takes the older one with it. `shiftMs` as above. */
  async write(id: RecordId, record: CacheRecord, shiftMs: number, deadline: Deadline): Promise<void> {
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

  /** Undefined: nothing is there. `no value`: something that is no string. */
  async #readUpTo(
    bytes: number,
    id: RecordId,
    deadline: Deadline,
    lane: Lane,
  ): Promise<Buffer | 'no value' | undefined> {
    try {
      const args = [this.#keys.keyOf(id), 0, bytes - 1]
      const reply = await this.#client.send({ name: 'getrange', args }, deadline, lane)
      if (!Buffer.isBuffer(reply)) throw new RedisFailure('refused', 'redis did not answer with a value')
      return reply.length === 0 ? undefined : reply
    } catch (error) {
      if (error instanceof RedisFailure && error.code === 'WRONGTYPE') return 'no value'
      throw error
    }
  }
}
