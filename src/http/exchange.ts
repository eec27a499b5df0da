/** One request on its way through the handler and its response on the way out, or what takes the response's place. */

import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import { withoutFields } from '../base/header-list.ts'
import { createTrace, type Trace } from '../base/trace.ts'
import { isCorsField } from './cors.ts'
import { errorResponse } from './error-response.ts'
import { allFields } from './field-block.ts'
import type { Handler, ProxyRequest, ProxyResponse, Sent } from './messages.ts'
import type { Finished, Outlet } from './send-response.ts'

/** `Line`: what requests come in on, a connection; `Out`: where one response leaves. */
export interface ExchangeHost<Line, Out extends Outlet> {
  readonly clock: Clock
  readonly handle: Handler
  send(response: ProxyResponse, request: ProxyRequest, line: Line, out: Out, finished: Finished): void
  /** The connection is rid of this request. */
  finish(line: Line): void
  done(request: ProxyRequest, response: ProxyResponse, trace: Trace, sent: Sent, durationMs: number): void
}

interface Exchange<Line, Out extends Outlet> {
  readonly host: ExchangeHost<Line, Out>
  readonly line: Line
  readonly request: ProxyRequest
  readonly out: Out
  readonly trace: Trace
  /** Monotonic. */
  readonly startedMs: number
}

export function runExchange<Line, Out extends Outlet>(
  host: ExchangeHost<Line, Out>,
  line: Line,
  request: ProxyRequest,
  out: Out,
): void {
  const trace = createTrace()
  const exchange = { host, line, request, out, trace, startedMs: host.clock.monotonicMs() }
  void host.handle(request, trace).then(
    (response) => answer(exchange, response),
    (error) => answer(exchange, errorPage(exchange, error, [])),
  )
}

function answer<Line, Out extends Outlet>(exchange: Exchange<Line, Out>, response: ProxyResponse): void {
  const { host, line, request, out, trace, startedMs } = exchange
  host.send(response, request, line, out, (sent, error) => {
    if (error !== undefined && !out.headersSent) {
      answer(exchange, { ...errorPage(exchange, error, allFields(response)), finished: response.finished })
      return
    }
    if (error !== undefined) noteError(trace, error)
    response.finished?.() // before the connection turns to its next request, which may need what this one gives back
    host.finish(line)
    host.done(request, response, trace, sent, host.clock.monotonicMs() - startedMs)
  })
}

/** In place of a response that could not be had or sent; keeps what `instead` said about sharing. */
function errorPage(
  { request, trace }: Pick<Exchange<unknown, Outlet>, 'request' | 'trace'>,
  cause: unknown,
  instead: readonly string[],
): ProxyResponse {
  noteError(trace, cause)
  const isKnown = cause instanceof ProxyError
  const error = isKnown ? cause : new ProxyError('InternalError', 'answering a request', { cause })
  const page = errorResponse(error, { id: request.id, accept: request.header('accept') })
  // Fields that could not be sent once will not be tried again.
  const sharing = isKnown ? withoutFields(instead, (name) => name !== 'vary' && !isCorsField(name)) : []
  return { ...page, headers: [...page.headers, 'X-Correlation-ID', request.id, ...sharing] }
}

function noteError(trace: Trace, error: unknown): void {
  trace.error = error instanceof ProxyError ? error.code : 'InternalError'
  trace.errorDetail = error ?? 'nothing was thrown'
}
