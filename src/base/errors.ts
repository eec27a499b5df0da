/** Every way a request can fail: one row per code. docs/errors.md lists the same rows, and a test holds them together. */

import type { HeaderList } from './types.ts'

export type ErrorSource = 'client' | 'origin' | 'proxy'

interface ErrorRow {
  readonly status: number
  readonly source: ErrorSource
  /** Asking the origin once more may help. */
  readonly retryable: boolean
  /** What the client is told. The detailed message goes to the log only. */
  readonly text: string
}

const row = (status: number, source: ErrorSource, text: string, retryable = false): ErrorRow => ({
  status,
  source,
  retryable,
  text,
})

export const errorTable = {
  InvalidPath: row(400, 'client', 'The request path is not a valid object path.'),
  InvalidRequest: row(400, 'client', 'The request is not valid HTTP.'),
  InvalidArgument: row(400, 'client', 'The query or the body of this call is not one that it takes.'),
  TokenRequired: row(401, 'client', 'A token is required here.'),
  TokenInvalid: row(401, 'client', 'The token is not valid.'),
  ClaimDenied: row(403, 'client', 'The token does not grant access here.'),
  AddressDenied: row(403, 'client', 'Access from this address is not allowed.'),
  NoSuchRoute: row(404, 'client', 'No bucket is served at this path.'),
  NoSuchCall: row(404, 'client', 'There is no administrative call at this path.'),
  UnknownBucket: row(404, 'client', 'No bucket of this name is configured.'),
  NoSuchEntry: row(404, 'client', 'Nothing is cached under this key.'),
  NoSuchJob: row(404, 'client', 'There is no such job, or it ended long ago.'),
  NoSuchLimit: row(404, 'client', 'No such limit is configured.'),
  MethodNotAllowed: row(405, 'client', 'This method is not allowed here.'),
  RequestTimeout: row(408, 'client', 'The request did not arrive in time.'),
  PreconditionFailed: row(412, 'client', 'A precondition in the request does not hold.'),
  RequestBodyNotAllowed: row(413, 'client', 'The request body is larger than is allowed here.'),
  UriTooLong: row(414, 'client', 'The request target is too long.'),
  InvalidRange: row(416, 'client', 'The requested range lies outside the object.'),
  RateLimited: row(429, 'client', 'There are too many requests. Try again later.'),
  HeadersTooLarge: row(431, 'client', 'The request header fields are too large.'),
  NoSuchKey: row(404, 'origin', 'The specified key does not exist.'),
  NoSuchBucket: row(404, 'origin', 'The bucket behind this path does not exist.'),
  AccessDenied: row(403, 'origin', 'The origin denies access to this object.'),
  InvalidObjectState: row(403, 'origin', 'The object is archived and cannot be read now.'),
  OriginRejected: row(502, 'origin', 'The origin did not accept the request made for this object.'),
  OriginCredentials: row(502, 'origin', 'The origin does not accept the credentials of this proxy.'),
  OriginRedirect: row(502, 'origin', 'The origin says this bucket lives elsewhere.'),
  OriginError: row(502, 'origin', 'The origin failed to answer this request.', true),
  OriginMalformed: row(502, 'origin', 'The origin sent an answer that cannot be understood.'),
  OriginTruncated: row(502, 'origin', 'The origin ended its answer early.', true),
  ObjectChanged: row(502, 'origin', 'The object changed while it was being read.'),
  SlowDown: row(503, 'origin', 'The origin asks to slow down.', true),
  CircuitOpen: row(503, 'origin', 'The origin keeps failing and is left alone for a moment.'),
  OriginUnreachable: row(504, 'origin', 'The origin cannot be reached.', true),
  OriginTimeout: row(504, 'origin', 'The origin did not answer in time.', true),
  NotCached: row(504, 'proxy', 'The request allows only a cached answer, and there is none.'),
  PurgeIncomplete: row(503, 'proxy', 'The purge is in force here, but not every tier can promise to remember it.'),
  KeysUnavailable: row(503, 'proxy', 'Tokens cannot be verified yet.'),
  Overloaded: row(503, 'proxy', 'This proxy has as many requests as it can take. Try again later.'),
  InternalError: row(500, 'proxy', 'An unexpected error happened in this proxy.'),
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof errorTable

/**
 * Which limit was reached. Of one attempt: for a connection, for the head of an answer (`first-byte`: nothing of it came,
 * `head`: not all of it), for more of its body. `request`: of the client's wait for a head, however many attempts it took.
 */
export type TimeoutKind = 'connect' | 'first-byte' | 'head' | 'idle' | 'request'

export interface ProxyErrorOptions {
  readonly cause?: unknown
  readonly retryAfterSeconds?: number
  readonly fields?: HeaderList
  /** What this very client may know besides the public text: of its own request, or for those who were let in alone. */
  readonly detail?: string
  /** Of `OriginTimeout`. */
  readonly timeout?: TimeoutKind
}

/** A failure with a place in the table. `message` is for the log: lower case, what was attempted, no secrets. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError'
  readonly code: ErrorCode
  /** Seconds for `Retry-After`, where somebody knows. */
  readonly retryAfterSeconds: number | undefined
  /** Response fields that belong to this very failure. */
  readonly fields: HeaderList
  readonly detail: string | undefined
  readonly timeout: TimeoutKind | undefined

  constructor(code: ErrorCode, message: string, options: ProxyErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.retryAfterSeconds = options.retryAfterSeconds
    this.fields = options.fields ?? []
    this.detail = options.detail
    this.timeout = options.timeout
  }

  get status(): number {
    return errorTable[this.code].status
  }
  get source(): ErrorSource {
    return errorTable[this.code].source
  }
  get retryable(): boolean {
    return errorTable[this.code].retryable
  }
  get text(): string {
    return errorTable[this.code].text
  }
}

/** What an aborted signal throws: nobody waits for the answer any more. Never shown to a client. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned'
}
