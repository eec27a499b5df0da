/** One request, or one thing an administrator did, as a line of JSON: always the same members in the same order. */

import type { AdminAction, Trace } from '../base/trace.ts'
import type { EpochMs } from '../base/types.ts'
import type { ProxyRequest, ProxyResponse, Sent } from '../http/messages.ts'
import type { Redaction } from './redact.ts'

/** Written by hand: it costs a third of `JSON.stringify`, and comes with every request. */
export type EntryFormat = (
  request: ProxyRequest,
  response: ProxyResponse,
  trace: Trace,
  sent: Sent,
  durationMs: number,
) => string

/** JSON without a line break. */
export function createEntryFormat(redaction: Redaction): EntryFormat {
  const timestamp = createTimestamps()
  return (request, response, trace, sent, durationMs) => {
    const { bucket, key, subject, cache, error, action, traceId } = trace
    const userAgent = request.header('user-agent')
    const referer = request.header('referer')
    let entry = `{"timestamp":"${timestamp(request.receivedAt)}","correlation_id":"${request.id}"`
    entry += `,"trace_id":${quotedOrNull(traceId)}`
    entry += `,"client_ip":${quoted(redaction.address(request.clientAddress))},"user":${quotedOrNull(subject)}`
    entry += `,"bucket":${quotedOrNull(bucket)},"object_key":${quotedOrNull(key)}`
    entry += `,"http_method":${quoted(request.method)}`
    entry += `,"request_path":${quoted(redaction.target(request.path, request.query))}`
    entry += `,"response_status":${response.status},"response_size_bytes":${sent.bytes}`
    entry += `,"duration_ms":${Math.round(durationMs * 1000) / 1000},"cache_status":${quotedOrNull(cache)}`
    entry += `,"user_agent":${userAgent === undefined ? null : quoted(redaction.userAgent(userAgent))}`
    entry += `,"referer":${referer === undefined ? null : quoted(redaction.referer(referer))}`
    entry += `,"error":${quotedOrNull(error)}`
    return action === undefined ? `${entry}}` : `${entry}${actionMembers(action, redaction)}}`
  }
}

/** Parameters may quote a URL, such as the one that is to be explained. */
function actionMembers({ name, parameters }: AdminAction, redaction: Redaction): string {
  const harmless = (_name: string, value: unknown) => (typeof value === 'string' ? redaction.url(value) : value)
  return `,"action":${quoted(name)},"parameters":${JSON.stringify(parameters, harmless)}`
}

/** RFC 3339 in milliseconds, UTC. What two times have in common, down to the second, is made once. */
function createTimestamps(): (at: EpochMs) => string {
  let second = Number.NaN
  let prefix = ''
  return (at) => {
    const nowSecond = Math.floor(at / 1000)
    if (nowSecond !== second) {
      second = nowSecond
      prefix = new Date(second * 1000).toISOString().slice(0, 20)
    }
    return `${prefix}${String(Math.floor(at - second * 1000)).padStart(3, '0')}Z`
  }
}

const plainText = /^[ !#-[\]-~]*$/

function quotedOrNull(text: string | undefined): string {
  return text === undefined ? 'null' : quoted(text)
}

function quoted(text: string): string {
  return plainText.test(text) ? `"${text}"` : JSON.stringify(text)
}
