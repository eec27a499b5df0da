/** Who looks at a request once its last byte is sent. */

import type { DenialWatch } from '../audit/denial-watch.ts'
import { type ErrorCode, ProxyError, type TimeoutKind } from '../base/errors.ts'
import type { Trace } from '../base/trace.ts'
import type { ProxyRequest, ProxyResponse, Sent } from '../http/messages.ts'

export type RequestObserver = (
  request: ProxyRequest,
  response: ProxyResponse,
  trace: Trace,
  sent: Sent,
  durationMs: number,
) => void

/** Which wait of the request was too long. */
export function timeoutOf({ errorDetail }: Trace): TimeoutKind | undefined {
  return errorDetail instanceof ProxyError ? errorDetail.timeout : undefined
}

const denials: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(['TokenRequired', 'TokenInvalid', 'ClaimDenied', 'AddressDenied'] as const),
])

/** Whom this proxy has turned away: what the origin denies says nothing of who asks. */
export function watchDenials(watch: DenialWatch): RequestObserver {
  return ({ clientAddress }, _response, { error, subject }) => {
    if (error !== undefined && denials.has(error)) watch.denied(clientAddress, subject)
  }
}
