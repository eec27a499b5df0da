/** Limits counted by this process alone. */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { type Algorithm, roundingMs } from './algorithm.ts'
import { KeyTable, usualKeys } from './key-table.ts'
import { algorithmOf, type Counting, limitedBy, type Quota, quotaOf, standingOf } from './quota.ts'
import type { Charge, Limit, RateLimiter, Standing, Verdict } from './rate-limiter.ts'

export interface LocalLimiterOptions extends Counting {
  /** Of each limit that tells addresses or users apart, counted at the same time one by one; 24 bytes each. 2¹⁸ unless said otherwise. */
  readonly keysPerLimit?: number
}

export interface LocalLimiterPorts {
  readonly clock: Clock
  readonly random: Random
}

/** Answers at once. */
export interface LocalLimiter extends RateLimiter {
  charge(charges: readonly Charge[]): Verdict
}

export function createLocalLimiter(options: LocalLimiterOptions, ports: LocalLimiterPorts): LocalLimiter {
  return new LimitsOfThisProcess(options, ports)
}

const allowed: Verdict = { kind: 'allowed' }

interface Account {
  readonly quota: Quota
  readonly table: KeyTable
}

class LimitsOfThisProcess implements LocalLimiter {
  readonly #counting: Counting
  readonly #algorithm: Algorithm
  readonly #keysPerLimit: number
  readonly #clock: Clock
  readonly #random: Random
  readonly #accounts = new WeakMap<Limit, Account>()
  /** By what the limit is for, so that counts outlive the configuration that made it. */
  readonly #tables = new Map<string, KeyTable>()

  constructor(options: LocalLimiterOptions, { clock, random }: LocalLimiterPorts) {
    this.#counting = options
    this.#algorithm = algorithmOf(options)
    this.#keysPerLimit = options.keysPerLimit ?? usualKeys
    this.#clock = clock
    this.#random = random
  }

  charge(charges: readonly Charge[]): Verdict {
    const nowMs = this.#clock.monotonicMs()
    let refusal: Verdict | undefined
    let longestMs = roundingMs
    for (const { limit, who } of charges) {
      const { quota, table } = this.#accountOf(limit)
      const place = table.placeOf(who, nowMs)
      this.#algorithm.turn(table, place, quota, nowMs)
      const waitMs = this.#algorithm.waitMs(table, place, quota, nowMs)
      if (waitMs <= longestMs) continue
      longestMs = waitMs
      refusal = limitedBy(limit, quota, waitMs, (table.freshAtMs[place] ?? 0) - nowMs)
    }
    if (refusal !== undefined) return refusal
    for (const { limit, who } of charges) {
      const { quota, table } = this.#accountOf(limit)
      const place = table.placeOf(who, nowMs)
      this.#algorithm.turn(table, place, quota, nowMs)
      this.#algorithm.take(table, place, quota, nowMs)
    }
    return allowed
  }

  async look({ limit, who }: Charge): Promise<Standing> {
    const nowMs = this.#clock.monotonicMs()
    const { quota, table } = this.#accountOf(limit)
    return standingOf(this.#algorithm, table, table.placeOf(who, nowMs), quota, nowMs)
  }

  async reset({ limit, who }: Charge): Promise<void> {
    const { table } = this.#accountOf(limit)
    const nowMs = this.#clock.monotonicMs()
    if (isTotal(limit)) table.freshAtMs.fill(0)
    else table.reset(who, nowMs)
  }

  get bytes(): number {
    return [...this.#tables.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  }

  async close(): Promise<void> {}

  #accountOf(limit: Limit): Account {
    const known = this.#accounts.get(limit)
    if (known !== undefined) return known
    const account = { quota: quotaOf(limit.rate, this.#counting), table: this.#tableOf(limit) }
    this.#accounts.set(limit, account)
    return account
  }

  #tableOf(limit: Limit): KeyTable {
    const { scope, bucket } = limit
    const name = `${scope}:${bucket}`
    const known = this.#tables.get(name)
    if (known !== undefined) return known
    const table = new KeyTable(isTotal(limit) ? 1 : this.#keysPerLimit, this.#random)
    this.#tables.set(name, table)
    return table
  }
}

function isTotal({ scope }: Limit): boolean {
  return scope === 'global' || scope === 'bucket'
}
