import type { ErrorCode } from './errors.ts'
import type { HeaderList, TierName } from './types.ts'

/** `name`: a closed set of words, such as `purge`. */
export interface AdminAction {
  readonly name: string
  readonly parameters: Readonly<Record<string, unknown>>
}

export type CacheStatus = 'hit' | 'miss' | 'stale' | 'revalidated' | 'bypass'

/** What one request has cost the origin by itself: nothing that others asked for, and no refresh behind it. */
export interface OwnAsking {
  /** The origin was asked because of this request. */
  asked: boolean
  /** Bytes of its body that this brought, or that are of the proxy's own making. Infinity: all of them. */
  ownBytes: number
}

/**
 * What a request can spend its time on. `queue`: waiting for a slot. `admit`: address lists and rate limits. `coalesced`:
 * waiting for what another request has asked of the origin. `origin`: one exchange with it, body included. `backoff`: between a
 * failed one and the next.
 */
export type Phase = 'queue' | 'admit' | 'authenticate' | TierName | 'coalesced' | 'origin' | 'backoff'

/** Undefined: not known. Names as in OpenTelemetry's attributes. Nothing that a log line would leave out. */
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>

/** One thing that a request spends time on. Its calls never throw. */
export interface Step {
  /** Fields for whoever is asked in this step, so that it can go on with the trace; usually none. */
  readonly fields: HeaderList
  /** Of an exchange with the origin: the request has left; its answer's head is here. */
  reached(milestone: 'sent' | 'answered'): void
  /** Once. A step that a failure leaves open ends by itself when the response head is known. */
  end(facts?: Facts): void
}

/** Where the time of a request goes. Stages write to it, observers read it. May still be written to after the request's end. */
export interface Timeline {
  begin(phase: Phase, facts?: Facts): Step
  /** A `coalesced` wait. `leader`: of the request that has asked. */
  join(leader: Timeline | undefined): Step
}

/**
 * What happened to one request: the only mutable per-request object. Stages write it, observers read it on the way out, no
 * stage reads it. Undefined: it did not come to that. All fields exist from the start, so that writing one costs nothing.
 */
export interface Trace extends OwnAsking {
  /** Of the configuration the request began under; 0: it never met one. */
  generation: number
  /** Name of the bucket in the config. */
  bucket: string | undefined
  key: string | undefined
  /** Undefined when the cache was not asked. */
  cache: CacheStatus | undefined
  tier: TierName | undefined
  /** This request waited for another one's origin request. */
  collapsed: boolean
  /** Who asks, as a verified token says. */
  subject: string | undefined
  /** What came of looking for a token; undefined where none is asked for. A closed set of words. */
  auth: string | undefined
  /** The rate limit that refused the request. A closed set of words. */
  limit: string | undefined
  /** What an administrator asked for, as the audit tells it. */
  action: AdminAction | undefined
  error: ErrorCode | undefined
  /** For the log: what the error table's public text leaves out. */
  errorDetail: unknown
  /** W3C trace context in lower-case hex; undefined: the request is in no trace. */
  traceId: string | undefined
  /** This request's own span; undefined: none is recorded. */
  spanId: string | undefined
  /** Undefined: nobody wants to know, which is all that it costs then. */
  timeline: Timeline | undefined
}

export function createTrace(): Trace {
  return {
    generation: 0,
    bucket: undefined,
    key: undefined,
    cache: undefined,
    tier: undefined,
    collapsed: false,
    asked: false,
    ownBytes: 0,
    subject: undefined,
    auth: undefined,
    limit: undefined,
    action: undefined,
    error: undefined,
    errorDetail: undefined,
    traceId: undefined,
    spanId: undefined,
    timeline: undefined,
  }
}
