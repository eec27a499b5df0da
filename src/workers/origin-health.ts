/** Which origins are left alone, as all threads together see it. */

import type { BreakerState } from '../base/breaker.ts'
import type { Link } from './link.ts'

export interface BreakerNews {
  readonly [name: string]: unknown
  readonly bucket: string
  readonly replica: string
  readonly state: BreakerState
}

export interface OriginNews {
  readonly [name: string]: unknown
  readonly bucket: string
  readonly healthy: boolean
}

/** What a thread tells of the breakers that it has itself. */
export type HealthCalls = {
  breakerChanged(news: BreakerNews): void
  originChanged(news: OriginNews): void
}

/** For `OriginHealth.onNews` of a thread. */
export function healthNewsTo(link: Link<HealthCalls>): {
  breaker(news: BreakerNews): void
  origin(news: OriginNews): void
} {
  return {
    breaker: (news) => link.tell('breakerChanged', news),
    origin: (news) => link.tell('originChanged', news),
  }
}

export interface HealthListener {
  /** The worst of what the threads say has changed. */
  breaker(news: BreakerNews): void
  /** The first thread asks no replica any more, or the last one asks some again. */
  origin(news: OriginNews): void
}

interface ThreadHealth {
  /** Breakers that are not closed, by bucket and replica. */
  readonly breakers: Map<string, BreakerNews>
  readonly illBuckets: Set<string>
}

const badness: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 }

/** Each thread has breakers of its own; what they do together is told once. */
export class HealthOfThreads {
  readonly #listener: HealthListener
  readonly #threads = new Map<number, ThreadHealth>()

  constructor(listener: HealthListener) {
    this.#listener = listener
  }

  /** Of the thread that this object lives on as well: its news come by themselves, without a link. */
  calls(thread: number): HealthCalls {
    const health: ThreadHealth = { breakers: new Map(), illBuckets: new Set() }
    this.#threads.set(thread, health)
    return {
      breakerChanged: (news) => this.#set(health, news),
      originChanged: (news) => this.#setHealthy(health, news),
    }
  }

  /** The worst that any thread has. */
  stateOf(bucket: string, replica: string): BreakerState {
    const key = keyOf({ bucket, replica })
    let worst: BreakerState = 'closed'
    for (const { breakers } of this.#threads.values()) {
      const state = breakers.get(key)?.state ?? 'closed'
      if (badness[state] > badness[worst]) worst = state
    }
    return worst
  }

  /** Those buckets are all that there are. Nothing is told of others. */
  keep(buckets: readonly string[]): void {
    for (const { breakers, illBuckets } of this.#threads.values()) {
      for (const [key, { bucket }] of breakers) if (!buckets.includes(bucket)) breakers.delete(key)
      for (const bucket of illBuckets) if (!buckets.includes(bucket)) illBuckets.delete(bucket)
    }
  }

  /** It keeps nothing alone any more. */
  ended(thread: number): void {
    const health = this.#threads.get(thread)
    if (health === undefined) return
    for (const news of health.breakers.values()) this.#set(health, { ...news, state: 'closed' })
    for (const bucket of health.illBuckets) this.#setHealthy(health, { bucket, healthy: true })
    this.#threads.delete(thread)
  }

  #set({ breakers }: ThreadHealth, news: BreakerNews): void {
    const { bucket, replica, state } = news
    const before = this.stateOf(bucket, replica)
    if (state === 'closed') breakers.delete(keyOf(news))
    else breakers.set(keyOf(news), news)
    const after = this.stateOf(bucket, replica)
    if (after !== before) this.#listener.breaker({ bucket, replica, state: after })
  }

  #setHealthy({ illBuckets }: ThreadHealth, { bucket, healthy }: OriginNews): void {
    const before = this.#isHealthy(bucket)
    if (healthy) illBuckets.delete(bucket)
    else illBuckets.add(bucket)
    const after = this.#isHealthy(bucket)
    if (after !== before) this.#listener.origin({ bucket, healthy: after })
  }

  #isHealthy(bucket: string): boolean {
    return [...this.#threads.values()].every(({ illBuckets }) => !illBuckets.has(bucket))
  }
}

const keyOf = ({ bucket, replica }: Pick<BreakerNews, 'bucket' | 'replica'>) => `${bucket}\n${replica}`
