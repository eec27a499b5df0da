/** Redis tiers for the tests, with a key prefix of their own so that one server does for many. */

import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import type { EpochMs } from '../../src/base/types.ts'
import type { Purge } from '../../src/cache/purge.ts'
import type { RedisPurgePorts } from '../../src/cache/redis-purges.ts'
import { createRedisTier, type RedisTier, type RedisTierOptions } from '../../src/cache/redis-tier.ts'
import type { RedisEvents } from '../../src/redis/client.ts'
import type { RedisOptions } from '../../src/redis/options.ts'
import { idOf } from './cache-records.ts'
import { createFakeRandom } from './fake-random.ts'

/** Much longer than the product's 250 ms: a busy machine is no broken Redis. */
const patientMs = 10_000

export interface RedisTierChoice extends Partial<Omit<RedisTierOptions, 'redis'>> {
  readonly url: string
  readonly redis?: Partial<RedisOptions>
  readonly clock?: Clock
  readonly events?: RedisEvents
  /** Told of purges. Nobody, unless said otherwise. */
  readonly news?: RedisPurgePorts
}

/** Whether Redis is there or not. The caller closes it. */
export function createTestTier(choice: RedisTierChoice): RedisTier {
  const { url, redis, clock = systemClock, events = silentEvents, news = silentNews, ...options } = choice
  return createRedisTier(
    {
      keyPrefix: `test-${randomUUID()}:`,
      ttlMs: 600_000,
      clearWithinMs: patientMs,
      ...options,
      redis: redisOptions(url, redis),
    },
    {
      clock,
      random: createFakeRandom(),
      events,
      purges: news.purges,
      syncedAt: () => news.syncedAt(),
      synced: (at) => news.synced(at),
    },
  )
}

/** The product's own deadline. */
export const operationTimeoutMs = 250

/** With the product's own deadline. */
export function impatient(t: TestContext, choice: RedisTierChoice): RedisTier {
  const tier = createTestTier({ ...choice, redis: { connectTimeoutMs: 5000, operationTimeoutMs, ...choice.redis } })
  t.after(() => tier.close())
  return tier
}

export function redisOptions(url: string, chosen: Partial<RedisOptions> = {}): RedisOptions {
  return {
    urls: [url],
    db: 0,
    poolSize: 2,
    connectTimeoutMs: patientMs,
    operationTimeoutMs: patientMs,
    ...chosen,
  }
}

/** Connected, and Redis's clock known. */
export async function openTestTier(choice: RedisTierChoice): Promise<RedisTier> {
  const tier = createTestTier(choice)
  await untilUsable(tier)
  return tier
}

export async function untilUsable(tier: RedisTier): Promise<void> {
  await eventually(() => tier.get(idOf('nobody')).then(() => true))
}

/** Asks until the answer is yes; a rejection is a no. */
export async function eventually(isSo: () => Promise<boolean> | boolean, giveUpAfterMs = patientMs): Promise<void> {
  const startMs = performance.now()
  for (;;) {
    let failure: unknown
    try {
      if (await isSo()) return
    } catch (error) {
      failure = error
    }
    if (performance.now() - startMs > giveUpAfterMs) throw new Error('it did not come about', { cause: failure })
    await turn()
  }
}

export const silentEvents: RedisEvents = { connected: () => undefined, lost: () => undefined }

/** Writes down what a client tells, one line each. */
export class RedisEventLog implements RedisEvents {
  readonly lines: string[] = []

  connected(): void {
    this.lines.push('connected')
  }

  lost(reason: string): void {
    this.lines.push(`lost: ${reason}`)
  }
}

/** For who does not care. */
export const silentNews: RedisPurgePorts = {
  purges: { remembered: () => undefined, arrived: () => undefined, isDoubtful: () => false },
  syncedAt: () => undefined,
  synced: () => undefined,
}

/** Writes down what a tier tells of purges, for a process that was in step until `from`. */
export class PurgeNewsLog implements RedisPurgePorts {
  readonly remembered: Purge[] = []
  readonly arrived: Purge[] = []
  readonly purges = {
    remembered: (purge: Purge) => void this.remembered.push(purge),
    arrived: (purge: Purge) => void this.arrived.push(purge),
    isDoubtful: () => false,
  }
  until: EpochMs | undefined

  constructor(from?: EpochMs) {
    this.until = from
  }

  syncedAt(): EpochMs | undefined {
    return this.until
  }

  synced(at: EpochMs): void {
    this.until = at
  }
}
