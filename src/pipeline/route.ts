import type { SecretNames } from '../access/token-sources.ts'
import type { HeaderList } from '../base/types.ts'
import type { ObjectHead } from '../cache/record.ts'
import type { CorsRule } from '../http/cors.ts'
import type { ProxyRequest } from '../http/messages.ts'
import type { Site } from '../objects/wanted.ts'
import type { DownstreamRule } from '../policy/downstream.ts'
import type { QueryRule } from '../routing/object-ref.ts'
import type { Place } from '../routing/routes.ts'
import type { Admission } from './admission.ts'
import type { PreparedHead } from './prepared-head.ts'

/** One bucket of the config, ready to serve. */
export interface Route extends Place {
  /** The bucket's name: in metrics, logs and cache keys. */
  readonly name: string
  readonly admission: Admission
  readonly site: Site
  /** Whether the origin is asked again after a failure that may pass. */
  readonly asksAgain: boolean
  readonly query: QueryRule
  /** Undefined: CORS is nobody's business here. 'passthrough': it is the origin's. */
  readonly cors: CorsRule | 'passthrough' | undefined
  readonly headers: HeaderRules
  /** Where requests of a protected bucket bring their tokens: the origin never sees it. Undefined: a public one. */
  readonly tokenNames: SecretNames | undefined
  /** What caches behind this proxy are told. */
  readonly downstream: DownstreamRule
  /** Response fields worked out once for each stored head. */
  readonly prepared: WeakMap<ObjectHead, PreparedHead>
}

export interface HeaderRules {
  readonly add: HeaderList
  /** Lower case. */
  readonly remove: readonly string[]
  /** Request fields the origin may see. Lower case. */
  readonly forward: readonly string[]
}

/** A request that found its route. */
export interface Routed {
  readonly request: ProxyRequest
  readonly route: Route
  readonly key: string
}
