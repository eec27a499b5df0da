/** The sorted set in Redis that holds purges, and what Redis does by itself to keep it small. */

import type { EpochMs } from '../base/types.ts'
import type { RedisClient } from '../redis/client.ts'
import { RedisFailure } from '../redis/failure.ts'
import type { RedisCommand } from '../redis/link.ts'
import { evaluate, scriptOf } from '../redis/script.ts'
import type { Purge } from './purge.ts'
import { encodePurge } from './redis-purge-text.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** The times of records come from clocks whose difference from that of Redis is known as well as this; see `RedisClock`. */
export const marginMs = 250
export const maxPurges = 100_000
const pageSize = 1000

/** Slot 0 of a cluster: it is the clock of that slot's master which everybody compares with. */
const slotTag = '{06S}'

/**
 * KEYS: the purges, and until when they are not complete. ARGV: the purge, the margin, for how long purges are kept, and how
 * many. What goes, goes in small portions, the oldest first.
 */
const keepScript = scriptOf(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
local old = redis.call('ZCOUNT', KEYS[1], '-inf', string.format('(%.0f', now - ARGV[3]))
local surplus = redis.call('ZCARD', KEYS[1]) - ARGV[4]
local count = math.min(math.max(old, surplus), 1000)
if count > 0 then
  local newest = redis.call('ZRANGE', KEYS[1], count - 1, count - 1, 'WITHSCORES')[2]
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, count - 1)
  if tonumber(newest) > tonumber(redis.call('GET', KEYS[2]) or '0') then redis.call('SET', KEYS[2], newest) end
end
`)

/** How long the purges of records are in force that stay in Redis for so long; 0: until it has no room. */
export function purgesKeptForMs(ttlMs: number): number {
  return ttlMs === 0 ? 30 * dayMs : Math.max(dayMs, Math.ceil(ttlMs) + 10 * minuteMs)
}

/** Scores say when a purge counts from, by the clock of Redis. */
export class RedisPurgeSet {
  readonly #client: RedisClient
  readonly #key: string
  readonly #trimmedKey: string
  readonly #keptForMs: number

  constructor(client: RedisClient, keyPrefix: string, keptForMs: number) {
    this.#client = client
    this.#key = `${keyPrefix}:${slotTag}:purges`
    this.#trimmedKey = `${keyPrefix}:${slotTag}:purges-trimmed`
    this.#keptForMs = keptForMs
  }

  async add(purge: Purge): Promise<void> {
    const args = [encodePurge(purge), marginMs, this.#keptForMs, maxPurges]
    const keys = [this.#key, this.#trimmedKey]
    await this.#client.within((deadline) => evaluate(this.#client, keepScript, keys, args, deadline))
  }

  /** From the newest to the oldest: what comes meanwhile pushes the others on, so that none is left out. */
  async *since(from: number): AsyncGenerator<readonly [text: string, score: EpochMs]> {
    const bounds = ['+inf', from === Number.NEGATIVE_INFINITY ? '-inf' : from]
    for (let offset = 0, count = pageSize; count === pageSize; offset += count) {
      const range = [this.#key, ...bounds, 'BYSCORE', 'REV', 'LIMIT', offset, pageSize, 'WITHSCORES']
      const reply = await this.#ask({ name: 'zrange', args: range })
      if (!Array.isArray(reply)) throw new RedisFailure('refused', 'redis did not answer with purges')
      const words = reply.flat() // RESP 3 has pairs
      count = words.length / 2
      for (let index = 0; index < words.length; index += 2) {
        yield [String(words[index]), timeIn(String(words[index + 1]))]
      }
    }
  }

  /** Purges of that time and before may be missing. */
  async trimmedUntil(): Promise<number> {
    const reply = await this.#ask({ name: 'get', args: [this.#trimmedKey] })
    if (reply === null) return Number.NEGATIVE_INFINITY
    return timeIn(Buffer.isBuffer(reply) ? reply.toString() : '')
  }

  #ask(command: RedisCommand): Promise<unknown> {
    return this.#client.within((deadline) => this.#client.send(command, deadline))
  }
}

function timeIn(text: string): EpochMs {
  const time = Number(text)
  if (text === '' || !Number.isFinite(time)) throw new RedisFailure('refused', 'redis did not answer with a time')
  return time as EpochMs
}
