/** Where objects come from, as seen by `objects/`: one question, a handful of answers. */

import type { BreakerState } from '../base/breaker.ts'
import type { TimeoutKind } from '../base/errors.ts'
import type { Timeline } from '../base/trace.ts'
import type { EpochMs, Etag, HeaderList, RangeSpec } from '../base/types.ts'

export interface ObjectRef {
  /** The bucket's name in the config. */
  readonly bucket: string
  /** The object key, decoded: any legal S3 key. */
  readonly key: string
  /** What of the client's query goes to the origin, in canonical form without `?`; usually empty. */
  readonly query: string
}

export interface OriginQuery {
  readonly method: 'GET' | 'HEAD' | 'OPTIONS'
  /** Client headers this bucket forwards, already vetted; sent unsigned-as-given and signed where SigV4 wants it. */
  readonly headers?: HeaderList
  readonly range?: RangeSpec
  readonly ifMatch?: string
  readonly ifNoneMatch?: string
  readonly ifModifiedSince?: string
  /** Not from this replica, which has just failed: what it began is to be continued. */
  readonly avoid?: string
  /** Its readers have had bytes already: where there are too few connections, those who have none come first. */
  readonly isGoingOn?: boolean
  /** Of the request it is asked for: each exchange is a step of it. */
  readonly timeline?: Timeline | undefined
  /** How many times the replicas have been asked this, with this one. */
  readonly attempt?: number
  /** Firing it ends the exchange, its body included. */
  readonly signal: AbortSignal
}

/** The body of one answer. Iterate it once to its end, leave the loop early, or cancel it: all three give the connection back. */
export interface OriginBody extends AsyncIterable<Uint8Array> {
  /** For a body that nobody will iterate. Idempotent. */
  cancel(): void
  /**
   * All of the body, where it is so long and all of it has come before anybody iterated it: then there is nothing more to do
   * with it. The bytes are the caller's own. Absent: this body is only iterated.
   */
  takeWhole?(length: number): Uint8Array | undefined
}

export interface OriginHead {
  /** 206 is told as 200: `headers` and `size` are those of the whole object. */
  readonly status: number
  /** The strong validator as sent, quotes included. Absent when it is weak or missing. */
  readonly etag?: Etag
  /** Bytes of the whole object; absent when the origin did not say (chunked). */
  readonly size?: number
  /** Everything the origin sent but hop-by-hop fields, Content-Length, Content-Range, Server and x-amz request ids; with a Date. */
  readonly headers: HeaderList
  /** Wall time when the request was sent and when its answer's head had arrived (RFC 9111 §4.2.3). */
  readonly requestedAt: EpochMs
  readonly receivedAt: EpochMs
}

export type OriginAnswer =
  /**
   * Any answer that is not an S3 error, whatever its status. `start`: which byte of the object the body begins with. `end`:
   * where it ends, when that is before the object's end; it may be sooner than was asked.
   */
  | {
      readonly kind: 'object'
      readonly head: OriginHead
      readonly start: number
      readonly end?: number
      readonly body: OriginBody
      /** Which replica sends it. Absent: there is no other. */
      readonly replica?: string
    }
  | {
      readonly kind: 'not-modified'
      readonly headers: HeaderList
      readonly requestedAt: EpochMs
      readonly receivedAt: EpochMs
    }
  | {
      readonly kind: 'missing'
      readonly code: 'NoSuchKey' | 'NoSuchBucket'
      readonly requestedAt: EpochMs
      readonly receivedAt: EpochMs
    }
  /** If-Match failed. */
  | { readonly kind: 'changed' }
  /** The range lies outside the object (or the object is empty). */
  | { readonly kind: 'unsatisfiable' }

export interface Origin {
  readonly name: string
  /** Endpoint and S3 bucket: whose bytes these are. Without credentials. */
  readonly fingerprint: string
  /** How many requests wait for a connection: one that is held and hardly used is of use to them. */
  readonly waiting: number
  /** Resolves when the head is there. Rejects with a ProxyError of source 'origin', or with the signal's reason. */
  ask(ref: ObjectRef, query: OriginQuery): Promise<OriginAnswer>
  close(): Promise<void>
}

/** What an origin tells whoever counts. */
export interface OriginEvents {
  /** One HTTP exchange had its answer head, or failed without one (`status` 'error'). */
  answered(bucket: string, replica: string, status: number | 'error', durationMs: number): void
  /** An exchange failed before its answer head, for another reason than that nobody wanted it any more. */
  unanswered(bucket: string, replica: string, error: unknown): void
  received(bucket: string, bytes: number): void
  /** An exchange failed, before its head or after, because a wait in it was too long. */
  timedOut(bucket: string, kind: TimeoutKind): void
  /** 'denied': so much is being asked again already that this was not. */
  retried(bucket: string, outcome: 'success' | 'failure' | 'denied' | 'hedged'): void
  /** A request was answered, or a body gone on with, by another replica than the one it went to first. */
  failedOver(bucket: string): void
  breakerChanged(bucket: string, replica: string, state: BreakerState): void
  /** A request waited this long for a connection of the pool. */
  waited(bucket: string, ms: number): void
}
