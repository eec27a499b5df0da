/** A request and a response as the pipeline sees them: no sockets, no node:http. */

import type { Trace } from '../base/trace.ts'
import type { EpochMs, HeaderList, RequestId } from '../base/types.ts'
import type { FieldBlock } from './field-block.ts'

export interface ProxyRequest {
  readonly id: RequestId
  /** As received: any method the parser lets through. */
  readonly method: string
  /** Lower case, without port; empty when the client sent none. */
  readonly host: string
  /** The raw path as received, percent-encoding untouched, without the query. Starts with `/`; `*` for `OPTIONS *`. */
  readonly path: string
  /** The raw query without `?`; empty when there is none. */
  readonly query: string
  readonly headers: HeaderList
  /** The value of a field (lower-case name); several lines are joined by `, `. */
  header(name: string): string | undefined
  /** The client's address as trusted proxies tell it. */
  readonly clientAddress: string
  readonly receivedAt: EpochMs
  /** The request carries a body, or says it will. */
  readonly hasBody: boolean
  /**
   * The whole body; empty when there is none. To be called once. Rejects with `RequestBodyNotAllowed` beyond `maxBytes`,
   * `RequestTimeout` when it does not come within the time of a request head, or `Abandoned`.
   */
  readBody(maxBytes: number): Promise<Uint8Array>
  /** Fires with an `Abandoned` when the client is gone. */
  readonly signal: AbortSignal
}

/**
 * Bytes may be only lent (`isLent`): until the response is finished, or, those of a stream, until the source is asked for
 * more or ended. Nobody reads them any more by then, neither here nor in the kernel.
 */
export type Body =
  | { readonly kind: 'empty' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /**
   * `size`: absent when unknown, and the response is chunked. `read` is called once at most; `discard` gives everything
   * back when it will not be, and is idempotent.
   */
  | {
      readonly kind: 'stream'
      readonly size?: number
      read(signal: AbortSignal): AsyncIterable<Uint8Array>
      discard(): void
    }

export interface ProxyResponse {
  readonly status: number
  /** Fields that come before `headers`. */
  readonly block?: FieldBlock | undefined
  readonly headers: HeaderList
  readonly body: Body
  /** Called once, when the last byte is with the kernel or the connection is gone, whatever was sent in its place. */
  readonly finished?: (() => void) | undefined
}

/** How sending a response ended. `bytes`: of the body, handed to the socket. */
export interface Sent {
  readonly bytes: number
  readonly complete: boolean
}

/** Answers one request. Writes what it learns on the trace. */
export type Handler = (request: ProxyRequest, trace: Trace) => Promise<ProxyResponse>
