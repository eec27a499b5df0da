/** Limits that several proxies share through Redis. */

import { hash } from 'node:crypto'
import { type Admission, Breaker, type BreakerOptions } from '../base/breaker.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { RedisClient, type RedisEvents } from '../redis/client.ts'
import type { Deadline } from '../redis/deadline.ts'
import { RedisFailure } from '../redis/failure.ts'
import type { RedisOptions } from '../redis/options.ts'
import { evaluate, type RedisScript } from '../redis/script.ts'
import { algorithmOf, type Counting, limitedBy, quotaOf, standingOf } from './quota.ts'
import type { Charge, Limit, RateLimiter, Standing, Verdict } from './rate-limiter.ts'
import { limitScript } from './redis-script.ts'

export interface RedisLimiterOptions extends Counting {
  readonly redis: RedisOptions
  readonly keyPrefix: string
}

export interface LimiterEvents extends RedisEvents {
  /** From now on each process counts for itself, or all of them together again. Once per change. */
  fallback(isLocal: boolean): void
}

export interface RedisLimiterPorts {
  readonly clock: Clock
  readonly random: Random
  readonly events: LimiterEvents
  /** Decides while Redis cannot. It is closed with this one. */
  readonly local: RateLimiter
}

/** Does not wait for Redis: until it is there, and while it is not, `local` decides at once. */
export function createRedisLimiter(options: RedisLimiterOptions, ports: RedisLimiterPorts): RateLimiter {
  return new LimitsInRedis(options, ports)
}

/** One trial a second; nobody waits for it. */
const breakerOptions: BreakerOptions = {
  failureThreshold: 3,
  rate: { share: 0.5, windowMs: 10_000, minOutcomes: 20 },
  openForMs: 1000,
  maxProbes: 1,
  successThreshold: 1,
}

const allowed: Verdict = { kind: 'allowed' }

class LimitsInRedis implements RateLimiter {
  readonly #client: RedisClient
  readonly #local: RateLimiter
  readonly #clock: Clock
  readonly #events: LimiterEvents
  readonly #breaker: Breaker
  readonly #counting: Counting
  readonly #script: RedisScript
  readonly #keyPrefix: string
  readonly #slowMs: number
  #isLocal = false

  constructor(options: RedisLimiterOptions, { clock, random, events, local }: RedisLimiterPorts) {
    this.#client = new RedisClient(options.redis, { clock, random, events })
    this.#local = local
    this.#clock = clock
    this.#events = events
    this.#breaker = new Breaker(breakerOptions, clock, (state) => {
      if (state !== 'half-open') this.#noteFallback(state === 'open')
    })
    this.#counting = options
    this.#script = limitScript(options.algorithm)
    // One hash tag: the keys of a request must lie on one node of a cluster, for the script to see them together.
    this.#keyPrefix = `${options.keyPrefix}limits:{rl}:${options.algorithm}:`
    // What was cut off by a timer was cut off a little early or late.
    this.#slowMs = options.redis.operationTimeoutMs * 0.9
  }

  charge(charges: readonly Charge[]): Verdict | Promise<Verdict> {
    const admission = this.#breaker.admit()
    if (admission === undefined) return this.#local.charge(charges)
    if (this.#breaker.state === 'closed') return this.#chargeEverywhere(charges, admission)
    void this.#ask(charges, admission) // a trial; never rejects
    return this.#local.charge(charges)
  }

  async look(charge: Charge): Promise<Standing> {
    try {
      const nowMs = await this.#client.serverTimeMs()
      const text = await this.#client.within((deadline) => this.#send('get', charge, deadline))
      const [, freshAt, previous, current] = /^(\S+) (\d+) (\d+)$/.exec(String(text ?? '')) ?? []
      const counts = {
        freshAtMs: Float64Array.of(Number(freshAt ?? 0)),
        previous: Uint32Array.of(Number(previous ?? 0)),
        current: Uint32Array.of(Number(current ?? 0)),
      }
      return standingOf(algorithmOf(this.#counting), counts, 0, quotaOf(charge.limit.rate, this.#counting), nowMs)
    } catch {
      return this.#local.look(charge) // translated: what decides while Redis does not answer
    }
  }

  async reset(charge: Charge): Promise<void> {
    await this.#local.reset(charge)
    // Without Redis the count there goes on; that it does not answer is told elsewhere.
    await this.#client.within((deadline) => this.#send('unlink', charge, deadline)).catch(() => undefined)
  }

  get bytes(): number {
    return this.#local.bytes
  }

  async close(): Promise<void> {
    await this.#client.close()
    await this.#local.close()
  }

  async #chargeEverywhere(charges: readonly Charge[], admission: Admission): Promise<Verdict> {
    const verdict = await this.#ask(charges, admission)
    if (verdict === undefined) return this.#local.charge(charges)
    // So that a Redis that is lost later does not leave everybody with a whole burst.
    if (verdict.kind === 'allowed') await this.#local.charge(charges)
    return verdict
  }

  /** Undefined when Redis does not help. Never rejects. */
  async #ask(charges: readonly Charge[], admission: Admission): Promise<Verdict | undefined> {
    const startedMs = this.#clock.monotonicMs()
    try {
      const verdict = await this.#client.within((deadline) => this.#run(charges, deadline))
      this.#breaker.succeeded(admission)
      return verdict
    } catch {
      // That Redis does not help is told by events. One that hangs is not waited for a second time.
      if (this.#clock.monotonicMs() - startedMs >= this.#slowMs) this.#breaker.trip(admission)
      else this.#breaker.failed(admission)
      return undefined
    }
  }

  /** A connection that breaks meanwhile makes the client ask again: the request may be charged twice then. */
  async #run(charges: readonly Charge[], deadline: Deadline): Promise<Verdict> {
    const quotas = charges.map(({ limit }) => quotaOf(limit.rate, this.#counting))
    const keys = charges.map(({ limit, who }) => this.#keyOf(limit, who))
    const args = quotas.flatMap(({ limit, periodMs }) => [limit, periodMs])
    const reply = await evaluate(this.#client, this.#script, keys, args, deadline)
    const [number, resetMs, waitMs] = Array.isArray(reply) ? reply.map(Number) : [Number.NaN]
    if (number === undefined) return allowed
    const [charge, quota] = [charges[number - 1], quotas[number - 1]]
    if (charge === undefined || quota === undefined || !isDuration(resetMs) || !isDuration(waitMs)) {
      throw new RedisFailure('refused', 'redis did not answer with a verdict')
    }
    return limitedBy(charge.limit, quota, waitMs, resetMs)
  }

  #send(name: 'get' | 'unlink', { limit, who }: Charge, deadline: Deadline): Promise<unknown> {
    return this.#client.send({ name, args: [this.#keyOf(limit, who)] }, deadline)
  }

  /** Names of users are not to be read in Redis, and may be of any length. */
  #keyOf({ scope, bucket }: Limit, who: string): string {
    const name = who === '' ? '' : hash('sha256', who, 'base64url').slice(0, 22)
    return `${this.#keyPrefix}${scope}:${bucket}:${name}`
  }

  #noteFallback(isLocal: boolean): void {
    if (this.#isLocal === isLocal) return
    this.#isLocal = isLocal
    this.#events.fallback(isLocal)
  }
}

function isDuration(ms: number | undefined): ms is number {
  return ms !== undefined && Number.isFinite(ms) && ms > 0
}
