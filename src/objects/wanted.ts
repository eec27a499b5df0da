/** What a request wants of an object, and what it gets. */

import type { Allowed } from '../access/authorizer.ts'
import type { CacheStatus, OwnAsking, Timeline } from '../base/trace.ts'
import type { HeaderList, RangeSpec, TierName } from '../base/types.ts'
import type { CacheKey } from '../cache/cache-key.ts'
import type { ObjectRef, Origin } from '../origin/origin.ts'
import type { CachePolicy } from '../policy/cache-policy.ts'
import type { CacheStatusFacts } from '../policy/cache-status.ts'
import type { RequestDirectives } from '../policy/request-directives.ts'
import type { Lifetimes } from './lifetimes.ts'
import type { OpenedObject } from './opened-object.ts'

/** Reads a request's field by its lower-case name. */
export type HeaderOf = (name: string) => string | undefined

/** Where a bucket's objects come from and how they are kept, for one generation of the configuration. */
export interface Site {
  readonly origin: Origin
  readonly policy: CachePolicy
  readonly lifetimes: Lifetimes
}

export interface Wanted {
  /** Whoever opens an object has been let through first. */
  readonly allowed: Allowed
  readonly method: 'GET' | 'HEAD'
  readonly ref: ObjectRef
  readonly key: CacheKey
  readonly site: Site
  /** False: the answer is only for this request (the bucket does not cache, or the client said no-store). */
  readonly mayStore: boolean
  readonly directives: RequestDirectives
  /** The one range the client asked for, when there is exactly one and it does not depend on the version. */
  readonly range: RangeSpec | undefined
  readonly header: HeaderOf
  /** Where it is noted what the request costs the origin. */
  readonly own: OwnAsking
  /** Where it is noted what its time is spent on. */
  readonly timeline?: Timeline | undefined
  /** The client's fields that the origin may see, with those of a stored Vary. */
  forwarded(varyNames: readonly string[]): HeaderList
  readonly signal: AbortSignal
}

/** How the object was come by, for the response's fields and for whoever counts. */
export interface How {
  readonly status: CacheStatus
  readonly facts: CacheStatusFacts
  readonly tier?: TierName
  /** On answers from the store only. */
  readonly ageSeconds?: number
}

export type OpenResult =
  | { readonly kind: 'object'; readonly object: OpenedObject; readonly how: How }
  | { readonly kind: 'missing'; readonly code: 'NoSuchKey' | 'NoSuchBucket'; readonly how: How }
