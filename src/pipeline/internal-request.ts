import { fieldValue } from '../base/header-list.ts'
import type { EpochMs, HeaderList, RequestId } from '../base/types.ts'
import type { ProxyRequest } from '../http/messages.ts'

/** What is asked of the pipeline by the proxy itself. */
export interface InternalAsk {
  readonly id: RequestId
  readonly method: string
  readonly host: string
  readonly path: string
  readonly query: string
  readonly headers: HeaderList
  readonly clientAddress: string
  readonly receivedAt: EpochMs
  readonly signal: AbortSignal
}

/** A request that came over no connection: to warm the cache, to say what would become of one that did. */
export function internalRequest(ask: InternalAsk): ProxyRequest {
  return {
    ...ask,
    header: (name) => fieldValue(ask.headers, name),
    hasBody: false,
    readBody: async () => new Uint8Array(),
  }
}
