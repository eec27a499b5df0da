/** Requests that never reach a handler: why, and what is said on the way out. */

import { STATUS_CODES } from 'node:http'
import { type ErrorCode, ProxyError } from '../base/errors.ts'
import { formatHttpDate } from '../base/http-date.ts'
import type { HeaderList, RequestId } from '../base/types.ts'
import { errorResponse } from './error-response.ts'
import type { ProxyResponse } from './messages.ts'

/** Every reason a request can be counted as rejected for. */
export const rejectReasons = [
  'bad-syntax',
  /** Framing that two parsers could read differently. */
  'smuggling',
  'bad-host',
  'bad-target',
  'connect',
  'head-timeout',
  'header-too-large',
  'uri-too-long',
  /** A handshake that failed, or took too long. */
  'tls',
  /** A trusted proxy that does not say, or not properly, for whom it connects. */
  'proxy-protocol',
  /** Frames that are none, or in no order that HTTP/2 knows. */
  'h2-protocol',
  /** Frames whose only use is the work they make: resets, continuations, pings, settings, one malformed request after another. */
  'h2-flood',
  /** Told by whoever decodes keys. */
  'bad-path',
  /** Told by whoever knows where bodies are not welcome. */
  'body',
  /** Told by whoever counts what is under way. */
  'overload',
] as const

export type RejectReason = (typeof rejectReasons)[number]

export class Refusal {
  readonly reason: RejectReason
  readonly error: ProxyError

  constructor(reason: RejectReason, code: ErrorCode, detail: string) {
    this.reason = reason
    this.error = new ProxyError(code, detail)
  }
}

/** Codes of node's HTTP parser that speak of where a message ends. */
const framingErrors: ReadonlySet<string> = new Set([
  'HPE_INVALID_CONTENT_LENGTH',
  'HPE_UNEXPECTED_CONTENT_LENGTH',
  'HPE_INVALID_TRANSFER_ENCODING',
  'HPE_INVALID_CHUNK_SIZE',
  'HPE_CR_EXPECTED',
  'HPE_LF_EXPECTED',
])

/** What a `clientError` comes to. */
export function refusalOf(error: NodeJS.ErrnoException): Refusal {
  const code = error.code ?? ''
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Refusal('head-timeout', 'RequestTimeout', 'slow request head')
  if (code === 'HPE_HEADER_OVERFLOW') return new Refusal('header-too-large', 'HeadersTooLarge', 'head over the bound')
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return new Refusal('body', 'RequestBodyNotAllowed', error.message)
  return new Refusal(framingErrors.has(code) ? 'smuggling' : 'bad-syntax', 'InvalidRequest', error.message)
}

/** The page for a request that has no handler. */
export function refusalPage({ error }: Refusal, id: RequestId, accept: string | undefined): ProxyResponse {
  const page = errorResponse(error, { id, accept })
  return { ...page, headers: [...page.headers, 'X-Correlation-ID', id] }
}

/** A whole answer for a connection that has no request to answer through. */
export function rawAnswer(refusal: Refusal, id: RequestId, nowMs: number): Buffer {
  const { status, headers, body } = refusalPage(refusal, id, undefined)
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`]
  const fields: HeaderList = [...headers, 'Date', formatHttpDate(nowMs), 'Connection', 'close']
  for (let i = 0; i < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`)
  const bytes = body.kind === 'bytes' ? body.bytes : Buffer.alloc(0)
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes])
}
