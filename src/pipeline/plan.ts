import type { Allowed } from '../access/authorizer.ts'
import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import type { OwnAsking, Timeline, Trace } from '../base/trace.ts'
import type { HeaderList, RangeSpec } from '../base/types.ts'
import { CacheKey } from '../cache/cache-key.ts'
import { parseRange } from '../http/byte-range.ts'
import type { ProxyRequest } from '../http/messages.ts'
import type { HeaderOf, Site, Wanted } from '../objects/wanted.ts'
import type { ObjectRef } from '../origin/origin.ts'
import { noDirectives, type RequestDirectives, readRequestDirectives } from '../policy/request-directives.ts'
import { keptQuery } from '../routing/object-ref.ts'
import { forwardable, forwardedHeaders } from './forwarding.ts'
import type { Route, Routed } from './route.ts'

export interface WaitLimits {
  readonly clock: Clock
  /** How long a client waits for a response head, retries at the origin included. */
  readonly headTimeoutMs: number
}

class Wait {
  readonly #abort = new AbortController()
  readonly #client: AbortSignal
  readonly #callOff: () => void
  readonly #leave = () => this.#abort.abort(this.#client.reason)

  constructor(client: AbortSignal, { clock, headTimeoutMs }: WaitLimits) {
    this.#client = client
    this.#callOff = clock.alarm(headTimeoutMs, () =>
      this.#abort.abort(
        new ProxyError('OriginTimeout', `no response head within ${headTimeoutMs} ms`, { timeout: 'request' }),
      ),
    )
    if (client.aborted) this.#leave()
    client.addEventListener('abort', this.#leave, { once: true })
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  end(): void {
    this.#callOff()
    this.#client.removeEventListener('abort', this.#leave)
  }
}

/** A request for an object, understood: which one, how fresh, and whether the cache is asked. */
export class PlannedRequest implements Wanted {
  readonly allowed: Allowed
  readonly method: 'GET' | 'HEAD'
  readonly ref: ObjectRef
  readonly key: CacheKey
  readonly site: Site
  readonly mayStore: boolean
  readonly directives: RequestDirectives
  readonly header: HeaderOf = (name) => this.#request.header(name)
  readonly own: OwnAsking
  readonly timeline: Timeline | undefined
  readonly #request: ProxyRequest
  readonly #route: Route
  readonly #limits: WaitLimits
  #wait: Wait | undefined

  constructor({ request, route, key }: Routed, allowed: Allowed, trace: Trace, limits: WaitLimits) {
    this.allowed = allowed
    const query = keptQuery(request.query, route.query, route.tokenNames?.query)
    const { policy } = route.site
    this.method = request.method === 'HEAD' ? 'HEAD' : 'GET'
    this.ref = { bucket: route.name, key, query }
    this.key = new CacheKey(route.name, key, query)
    this.site = route.site
    this.directives =
      policy.requestDirectives === 'honour'
        ? readRequestDirectives(request.header('cache-control'), request.header('pragma'))
        : noDirectives
    this.mayStore = policy.enabled && !this.directives.noStore
    this.own = trace
    this.timeline = trace.timeline
    this.#request = request
    this.#route = route
    this.#limits = limits
  }

  /** Fires when the client is gone, or when it has waited for a response head as long as it may. Made when first asked for. */
  get signal(): AbortSignal {
    this.#wait ??= new Wait(this.#request.signal, this.#limits)
    return this.#wait.signal
  }

  /** The response head is known: the wait for it has no limit any more. */
  headKnown(): void {
    this.#wait?.end()
  }

  /** If-Range may turn a range into the whole, and several ranges need more than one part: then the origin is asked for the whole. */
  get range(): RangeSpec | undefined {
    if (this.method === 'HEAD') return undefined
    const range = parseRange(this.#request.header('range'))
    if (range.kind === 'none' || range.specs.length !== 1 || this.header('if-range') !== undefined) return undefined
    return range.specs[0]
  }

  forwarded(varyNames: readonly string[]): HeaderList {
    const { headers, tokenNames } = this.#route
    if (varyNames.length === 0) return forwardedHeaders(this.#request, headers.forward)
    const names = new Set([...headers.forward, ...varyNames])
    return forwardedHeaders(this.#request, forwardable([...names], tokenNames?.headers))
  }
}
