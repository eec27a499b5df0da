/** Rate limits of the whole process: counted on one thread, asked for by all. */

import { hash } from 'node:crypto'
import type { Charge, RateLimiter, Standing, Verdict } from '../limits/rate-limiter.ts'
import type { Link } from './link.ts'

interface Asked {
  /** As `limiterName` has it. */
  readonly limiter: string
}

/** What the thread that counts does for the others. */
export type LimiterCalls = {
  chargeLimits(asked: Asked & { readonly charges: readonly Charge[] }): Verdict | Promise<Verdict>
  lookAtLimit(asked: Asked & { readonly charge: Charge }): Promise<Standing>
  resetLimit(asked: Asked & { readonly charge: Charge }): Promise<void>
}

/** The same on all threads for the limiter that is made from the same settings. */
export function limiterName(settings: unknown): string {
  return hash('sha256', JSON.stringify(settings), 'base64url') // secrets may be among them
}

export interface RemoteLimiterPorts {
  readonly link: Pick<Link<LimiterCalls>, 'call'>
  /** Decides while the thread that counts does not answer. It is closed with this one. */
  readonly local: RateLimiter
  /** This thread's part of so many, each on its own then. */
  shareOf(total: number): number
}

/** For a thread that does not count. */
export class RemoteLimiter implements RateLimiter {
  readonly #limiter: string
  readonly #link: RemoteLimiterPorts['link']
  readonly #local: RateLimiter
  readonly #shareOf: (total: number) => number

  constructor(limiter: string, { link, local, shareOf }: RemoteLimiterPorts) {
    this.#limiter = limiter
    this.#link = link
    this.#local = local
    this.#shareOf = shareOf
  }

  async charge(charges: readonly Charge[]): Promise<Verdict> {
    try {
      return await this.#link.call('chargeLimits', { limiter: this.#limiter, charges })
    } catch {
      return this.#local.charge(charges.map((charge) => this.#shareOfCharge(charge))) // translated: limits hold all the same
    }
  }

  async look(charge: Charge): Promise<Standing> {
    try {
      return await this.#link.call('lookAtLimit', { limiter: this.#limiter, charge })
    } catch {
      return this.#local.look(this.#shareOfCharge(charge)) // translated: what decides by now
    }
  }

  async reset(charge: Charge): Promise<void> {
    await this.#local.reset(this.#shareOfCharge(charge))
    // Whoever does not answer has nothing to give back.
    await this.#link.call('resetLimit', { limiter: this.#limiter, charge }).catch(() => undefined)
  }

  get bytes(): number {
    return this.#local.bytes
  }

  async close(): Promise<void> {
    await this.#local.close()
  }

  #shareOfCharge({ limit, who }: Charge): Charge {
    const { requestsPerSecond, burst } = limit.rate
    const share = this.#shareOf(burst)
    return { limit: { ...limit, rate: { requestsPerSecond: (requestsPerSecond * share) / burst, burst: share } }, who }
  }
}

/** The limiters that other threads may ask. */
export class LentLimiters {
  readonly #limiters = new Map<string, RateLimiter>()

  readonly calls: LimiterCalls = {
    chargeLimits: ({ limiter, charges }) => this.#require(limiter).charge(charges),
    lookAtLimit: async ({ limiter, charge }) => this.#require(limiter).look(charge),
    resetLimit: async ({ limiter, charge }) => this.#require(limiter).reset(charge),
  }

  /** Until it is closed, which closes `limiter`. */
  lend(name: string, limiter: RateLimiter): RateLimiter {
    this.#limiters.set(name, limiter)
    return {
      charge: (charges) => limiter.charge(charges),
      look: (charge) => limiter.look(charge),
      reset: (charge) => limiter.reset(charge),
      get bytes() {
        return limiter.bytes
      },
      close: async () => {
        this.#limiters.delete(name)
        await limiter.close()
      },
    }
  }

  #require(name: string): RateLimiter {
    const limiter = this.#limiters.get(name)
    if (limiter === undefined) throw new Error('no limiter of these settings is in use')
    return limiter
  }
}
