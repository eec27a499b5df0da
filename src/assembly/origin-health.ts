import type { BreakerState } from '../base/breaker.ts'
import type { Origin, OriginEvents } from '../origin/origin.ts'

export interface HealthNews {
  breaker(news: {
    readonly [name: string]: unknown
    readonly bucket: string
    readonly replica: string
    readonly state: BreakerState
  }): void
  /** Whether any replica of the bucket is asked at all. Told when it changes. */
  origin(news: { readonly [name: string]: unknown; readonly bucket: string; readonly healthy: boolean }): void
}

export interface FormerOrigins {
  /** There is no such bucket any more. */
  gone(bucket: string, replica: string): void
  /** The bucket's objects come from elsewhere now. */
  moved(bucket: string): void
}

type States = Map<string, BreakerState>

/**
 * Which origins are left alone, for whoever wants to hear of it. A bucket's former origin may still have requests under way;
 * what its breakers do then is nobody's news any more.
 */
export class OriginHealth {
  readonly #changed: OriginEvents['breakerChanged']
  readonly #left: FormerOrigins
  /** By replica; of former origins too, which a reload may bring back. */
  readonly #states = new WeakMap<Origin, States>()
  readonly #current = new Map<string, Origin>()
  readonly #ill = new Set<string>()
  #news: HealthNews | undefined

  /** `events` are told of the breakers of origins that are in use, `left` of what is no more. */
  constructor({ breakerChanged }: Pick<OriginEvents, 'breakerChanged'>, left: FormerOrigins) {
    this.#changed = breakerChanged
    this.#left = left
  }

  onNews(news: HealthNews): void {
    this.#news = news
  }

  /** Closed unless something else was heard of it. */
  stateOf(bucket: string, replica: string): BreakerState {
    return this.#statesOf(this.#current.get(bucket)).get(replica) ?? 'closed'
  }

  changed(origin: Origin, bucket: string, replica: string, state: BreakerState): void {
    this.#statesOf(origin).set(replica, state)
    if (this.#current.get(bucket) === origin) this.#tell(bucket, replica, state)
  }

  /** The origin that a bucket has from now on. Where its breakers stand elsewhere than those before did, that is told. */
  use(bucket: string, origin: Origin, replicas: readonly string[]): void {
    const former = this.#current.get(bucket)
    if (former !== undefined && former.fingerprint !== origin.fingerprint) this.#left.moved(bucket)
    const before = this.#statesOf(former)
    const states = this.#statesOf(origin)
    for (const name of replicas) if (!states.has(name)) states.set(name, 'closed')
    this.#current.set(bucket, origin)
    for (const name of new Set([...before.keys(), ...replicas])) {
      const state = this.stateOf(bucket, name)
      if (state !== (before.get(name) ?? 'closed')) this.#tell(bucket, name, state)
    }
  }

  /** Those buckets are all that there are. */
  keep(buckets: readonly string[]): void {
    for (const [bucket, origin] of this.#current) {
      if (buckets.includes(bucket)) continue
      for (const replica of this.#statesOf(origin).keys()) this.#left.gone(bucket, replica)
      this.#current.delete(bucket)
      this.#ill.delete(bucket)
    }
  }

  #statesOf(origin: Origin | undefined): States {
    const known = origin && this.#states.get(origin)
    if (known !== undefined) return known
    const states: States = new Map()
    if (origin !== undefined) this.#states.set(origin, states)
    return states
  }

  #tell(bucket: string, replica: string, state: BreakerState): void {
    this.#changed(bucket, replica, state)
    this.#news?.breaker({ bucket, replica, state })
    const isIll = [...this.#statesOf(this.#current.get(bucket)).values()].every((one) => one !== 'closed')
    if (isIll === this.#ill.has(bucket)) return
    if (isIll) this.#ill.add(bucket)
    else this.#ill.delete(bucket)
    this.#news?.origin({ bucket, healthy: !isIll })
  }
}
