import type { BreakerState } from '../base/breaker.ts'
import type { OriginEvents } from '../origin/origin.ts'

export interface HealthNews {
  breaker(news: Readonly<Record<'bucket' | 'replica' | 'state', string>>): void
  /** Whether any replica of the bucket is asked at all. Told when it changes. */
  origin(news: { readonly [name: string]: unknown; readonly bucket: string; readonly healthy: boolean }): void
}

/** Which origins are left alone, for whoever wants to hear of it. */
export class OriginHealth {
  readonly #states = new Map<string, Map<string, BreakerState>>()
  readonly #ill = new Set<string>()
  #news: HealthNews | undefined
  #events: OriginEvents | undefined

  onNews(news: HealthNews): void {
    this.#news = news
  }

  /** Closed unless something else was heard of it. */
  stateOf(bucket: string, replica: string): BreakerState {
    return this.#states.get(bucket)?.get(replica) ?? 'closed'
  }

  /** The bucket's origin was made anew, with breakers that are closed, whatever those before them had seen. */
  renewed(bucket: string): void {
    for (const [replica, state] of this.#states.get(bucket) ?? [])
      if (state !== 'closed') this.#events?.breakerChanged(bucket, replica, 'closed')
  }

  /** The replicas that a bucket has now. */
  useReplicas(bucket: string, replicas: readonly string[]): void {
    const before = this.#states.get(bucket)
    this.#states.set(bucket, new Map(replicas.map((name) => [name, before?.get(name) ?? 'closed'])))
  }

  /** The same events, with an eye on breakers. */
  watch(events: OriginEvents): OriginEvents {
    this.#events = {
      ...events,
      breakerChanged: (bucket, replica, state) => {
        events.breakerChanged(bucket, replica, state)
        this.#note(bucket, replica, state)
      },
    }
    return this.#events
  }

  #note(bucket: string, replica: string, state: BreakerState): void {
    const states = this.#states.get(bucket) ?? new Map<string, BreakerState>()
    this.#states.set(bucket, states.set(replica, state))
    this.#news?.breaker({ bucket, replica, state })
    const isIll = [...states.values()].every((one) => one !== 'closed')
    if (isIll === this.#ill.has(bucket)) return
    if (isIll) this.#ill.add(bucket)
    else this.#ill.delete(bucket)
    this.#news?.origin({ bucket, healthy: !isIll })
  }
}
