import type { RecordId } from '../base/types.ts'
import type { PurgeLog } from '../cache/purge-log.ts'
import type { ObjectHead } from '../cache/record.ts'
import type { CachePolicy } from '../policy/cache-policy.ts'
import { cutShort, type Lifetime, lifetimeOf } from '../policy/freshness.ts'

/** What a policy and soft purges make of stored heads: worked out once for each, read at every hit. */
export class Lifetimes {
  readonly #policy: CachePolicy
  readonly #purges: PurgeLog
  #known = new WeakMap<ObjectHead, Lifetime>()
  #generation: number

  constructor(policy: CachePolicy, purges: PurgeLog) {
    this.#policy = policy
    this.#purges = purges
    this.#generation = purges.generation
  }

  /** `id`: what the head is stored under. */
  of(id: RecordId, head: ObjectHead): Lifetime {
    if (this.#purges.generation !== this.#generation) {
      this.#generation = this.#purges.generation
      this.#known = new WeakMap()
    }
    let lifetime = this.#known.get(head)
    if (lifetime === undefined) {
      lifetime = this.#judge(id, head)
      this.#known.set(head, lifetime)
    }
    return lifetime
  }

  #judge(id: RecordId, head: ObjectHead): Lifetime {
    const lifetime = lifetimeOf(head, this.#policy)
    const staleSince = this.#purges.staleSince(id, head.tags ?? [], head.requestedAt)
    return staleSince === undefined ? lifetime : cutShort(lifetime, staleSince)
  }
}
