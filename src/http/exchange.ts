/** One request on its way through the handler and its response on the way out, or what takes the response's place. */

import type { ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import { withoutFields } from '../base/header-list.ts'
import { createTrace, type Trace } from '../base/trace.ts'
import type { Connection } from './connection.ts'
import { isCorsField } from './cors.ts'
import { errorResponse } from './error-response.ts'
import type { Handler, ProxyRequest, ProxyResponse, Sent } from './messages.ts'
import { type SendPorts, sendResponse } from './send-response.ts'

export interface ExchangeHost {
  readonly clock: Clock
  readonly handle: Handler
  readonly sending: SendPorts
  isDraining(): boolean
  /** The connection is rid of this request. */
  finish(connection: Connection): void
  done(request: ProxyRequest, response: ProxyResponse, trace: Trace, sent: Sent, durationMs: number): void
}

interface Exchange {
  readonly host: ExchangeHost
  readonly connection: Connection
  readonly request: ProxyRequest
  readonly res: ServerResponse
  readonly trace: Trace
  /** Monotonic. */
  readonly startedMs: number
}

export function runExchange(
  host: ExchangeHost,
  connection: Connection,
  request: ProxyRequest,
  res: ServerResponse,
): void {
  const trace = createTrace()
  const exchange = { host, connection, request, res, trace, startedMs: host.clock.monotonicMs() }
  void host.handle(request, trace).then(
    (response) => answer(exchange, response),
    (error) => answer(exchange, errorPage(exchange, error, [])),
  )
}

function answer(exchange: Exchange, response: ProxyResponse): void {
  const { host, connection, request, res, trace, startedMs } = exchange
  if (host.isDraining()) connection.closeIfNewest(res)
  sendResponse(response, request, res, host.sending, (sent, error) => {
    if (error !== undefined && !res.headersSent) {
      answer(exchange, errorPage(exchange, error, response.headers))
      return
    }
    if (error !== undefined) noteError(trace, error)
    host.finish(connection)
    host.done(request, response, trace, sent, host.clock.monotonicMs() - startedMs)
  })
}

/** In place of a response that could not be had or sent; keeps what `instead` said about sharing. */
function errorPage({ request, res, trace }: Exchange, cause: unknown, instead: readonly string[]): ProxyResponse {
  noteError(trace, cause)
  const isKnown = cause instanceof ProxyError
  const error = isKnown ? cause : new ProxyError('InternalError', 'answering a request', { cause })
  const page = errorResponse(error, { id: request.id, accept: request.header('accept') })
  // Fields that could not be sent once will not be tried again.
  const sharing = isKnown ? withoutFields(instead, (name) => name !== 'vary' && !isCorsField(name)) : []
  res.statusMessage = '' // else node keeps the phrase of the first attempt
  return { ...page, headers: [...page.headers, 'X-Correlation-ID', request.id, ...sharing] }
}

function noteError(trace: Trace, error: unknown): void {
  trace.error = error instanceof ProxyError ? error.code : 'InternalError'
  trace.errorDetail = error ?? 'nothing was thrown'
}
