/** A bucket's replicas as one origin: the best that works is asked, and the next when it fails before its answer begins. */

import type { BreakerOptions } from '../base/breaker.ts'
import { Inquiry, type InquiryPorts } from './inquiry.ts'
import type { ObjectRef, Origin } from './origin.ts'
import { type NamedOrigin, Replica } from './replica.ts'
import type { RetryOptions } from './retrying.ts'

export interface ReplicatedOptions {
  readonly bucketName: string
  readonly retry: RetryOptions
  /** Of each replica's own. */
  readonly breaker: Omit<BreakerOptions, 'rate'>
}

/** Opens a breaker besides failures in a row: half of all, as with a server that fails every other request. */
const failureRate = { share: 0.5, windowMs: 10_000, minOutcomes: 20 }

/** `origins`: at least one, the best first. */
export function createReplicatedOrigin(
  options: ReplicatedOptions,
  origins: readonly NamedOrigin[],
  ports: InquiryPorts,
): Origin {
  const { bucketName } = options
  let lastAsked: ObjectRef | undefined
  const breaker = { ...options.breaker, rate: failureRate }
  const replicaPorts = { clock: ports.clock, events: ports.events, lastAsked: () => lastAsked }
  const replicas = origins.map((named) => new Replica(named, bucketName, breaker, replicaPorts))

  return {
    name: bucketName,
    fingerprint: origins[0]?.origin.fingerprint ?? '',
    get waiting() {
      return origins.reduce((sum, { origin }) => sum + origin.waiting, 0)
    },
    ask(ref, query) {
      if (query.signal.aborted) return Promise.reject(query.signal.reason)
      lastAsked = ref
      ports.budget.asked()
      return new Inquiry(ref, query, options.retry, ports).answer(replicas)
    },
    async close() {
      await Promise.all(replicas.map((replica) => replica.close()))
    },
  }
}
