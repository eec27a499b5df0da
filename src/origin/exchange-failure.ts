/** What a failed exchange means, by how far it had come. */

import { ProxyError, type TimeoutKind } from '../base/errors.ts'

/**
 * queued: for a place in the pool. connecting: a connection is being opened. sent: no byte of an answer yet.
 * answering: its head has begun. body: its head is complete. over: nothing more will happen.
 */
export type ExchangePhase = 'queued' | 'connecting' | 'sent' | 'answering' | 'body' | 'over'

/** The parser gives some of its errors a code and some only a name. */
const notHttp = (code: string) => /^(?:HPE_.*|HTTPParserError|UND_ERR_HEADERS_OVERFLOW)$/.test(code)

export function failureOf(error: Error, phase: ExchangePhase): Error {
  const code = codeOf(error)
  // Refused by undici's own checks before anything was sent: a mistake of ours, not the origin's.
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') return error
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return new ProxyError('OriginTimeout', `the connection timed out (${code})`, {
      cause: error,
      timeout: limitIn(phase),
    })
  }
  if (phase === 'body') return bodyFailure(error, code)
  if (phase === 'queued' || phase === 'connecting') {
    return new ProxyError('OriginUnreachable', `could not connect (${code})`, { cause: error })
  }
  // undici checks Content-Length before it tells a broken head from a short body, so here this too is a broken head.
  if (notHttp(code) || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' || isUnusable(error)) {
    return new ProxyError('OriginMalformed', `the answer is not HTTP/1.1 (${code})`, { cause: error })
  }
  return new ProxyError('OriginTruncated', `the connection closed before the answer (${code})`, { cause: error })
}

/** The limit that a wait in this phase runs into. */
export function limitIn(phase: ExchangePhase): TimeoutKind {
  if (phase === 'body') return 'idle'
  if (phase === 'answering') return 'head'
  return phase === 'sent' ? 'first-byte' : 'connect'
}

/** No connection could be opened because this process may open no more, or this machine: no word about the origin. */
export function isForLackOfDescriptors({ cause }: ProxyError): boolean {
  const code = cause instanceof Error ? codeOf(cause) : ''
  return code === 'EMFILE' || code === 'ENFILE'
}

function bodyFailure(error: Error, code: string): ProxyError {
  // The parser's word for a connection that ended inside a chunk.
  if (notHttp(code) && !error.message.includes('Invalid EOF state')) {
    return new ProxyError('OriginMalformed', `the body is not framed as HTTP/1.1 (${code})`, { cause: error })
  }
  return new ProxyError('OriginTruncated', `the connection closed before the end of the body (${code})`, {
    cause: error,
  })
}

/** The other side closed or reset the connection. */
export function isLostConnection(error: Error): boolean {
  const code = codeOf(error)
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'
}

/** A 100 (Continue) nobody asked for or a switch of protocols: undici drops the connection and only its message says why. */
function isUnusable(error: Error): boolean {
  return error.message === 'bad response' || error.message === 'bad upgrade'
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
