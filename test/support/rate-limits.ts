/** Limits, and limiters on a real Redis, for the tests. */

import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { createLocalLimiter } from '../../src/limits/local-limiter.ts'
import type { LimitAlgorithm } from '../../src/limits/quota.ts'
import type { Charge, Limit, LimitScope, RateLimiter } from '../../src/limits/rate-limiter.ts'
import { createRedisLimiter, type LimiterEvents } from '../../src/limits/redis-limiter.ts'
import type { RedisOptions } from '../../src/redis/options.ts'
import { eventually, redisOptions, silentEvents } from './redis-tier.ts'

export const algorithms: readonly LimitAlgorithm[] = ['token_bucket', 'sliding_window']

export function limitOf(requestsPerSecond: number, burst: number, scope: LimitScope = 'per_ip', bucket = ''): Limit {
  return { scope, bucket, rate: { requestsPerSecond, burst } }
}

/** So slow that what it has let through is not back while a test runs. */
export function fixedLimit(burst: number, scope?: LimitScope, bucket?: string): Limit {
  return limitOf(burst / 1000, burst, scope, bucket)
}

export async function isAllowed(limiter: RateLimiter, ...charges: readonly Charge[]): Promise<boolean> {
  return (await limiter.charge(charges)).kind === 'allowed'
}

/** How many of so many requests pass, one after the other. */
export async function countAllowed(limiter: RateLimiter, requests: number, charge: Charge): Promise<number> {
  let passed = 0
  for (let request = 0; request < requests; request++) if (await isAllowed(limiter, charge)) passed++
  return passed
}

export interface RedisLimiterChoice {
  readonly url: string
  readonly algorithm?: LimitAlgorithm
  readonly windowMs?: number
  readonly keyPrefix?: string
  readonly redis?: Partial<RedisOptions>
  readonly events?: Partial<LimiterEvents>
  readonly local?: RateLimiter
}

const silent: LimiterEvents = { ...silentEvents, fallback: () => undefined }

/** Whether Redis is there or not. Closed with the test. */
export function createTestLimiter(t: TestContext, choice: RedisLimiterChoice): RateLimiter {
  const { url, algorithm = 'token_bucket', windowMs = 1000, keyPrefix = `test-${randomUUID()}:` } = choice
  const ports = { clock: systemClock, random: systemRandom }
  const local = choice.local ?? createLocalLimiter({ algorithm, windowMs }, ports)
  const redis = redisOptions(url, choice.redis)
  const events = { ...silent, ...choice.events }
  const options = { algorithm, windowMs, keyPrefix, redis }
  const limiter = createRedisLimiter(options, { ...ports, events, local })
  t.after(() => limiter.close())
  return limiter
}

/** Connected. Decides by Redis, not by itself: unless a `local` is chosen, whatever that would be asked is refused. */
export async function openTestLimiter(t: TestContext, choice: RedisLimiterChoice): Promise<RateLimiter> {
  const connection = Promise.withResolvers<void>()
  const events = { ...choice.events, connected: connection.resolve }
  const limiter = createTestLimiter(t, { local: refuseAll, ...choice, events })
  await connection.promise
  return limiter
}

/** Resolves once Redis has let something through that this process by itself would not. */
export function untilShared(limiter: RateLimiter): Promise<void> {
  return eventually(() => isAllowed(limiter, { limit: limitOf(1e6, 1e6, 'bucket', 'opening'), who: '' }))
}

export const refuseAll: RateLimiter = {
  charge: ([first]) => ({
    kind: 'limited',
    scope: first?.limit.scope ?? 'global',
    limit: 0,
    remaining: 0,
    resetSeconds: 1,
    retryAfterSeconds: 1,
  }),
  look: async () => ({ limit: 0, remaining: 0, resetSeconds: 1 }),
  reset: async () => undefined,
  bytes: 0,
  close: async () => undefined,
}
