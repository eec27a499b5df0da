/** One log line for each request. */

import type { Clock } from '../base/clock.ts'
import type { LogOutput } from './logger.ts'
import { type RequestObserver, timeoutOf } from './request-observer.ts'

/** pino's own numbers: the lines stand among its lines. */
const infoLevel = 30

/**
 * One line for each request. Written by hand in pino's form: it costs 0.3 µs where `logger.info` costs 1.7, and it comes
 * with every hit.
 */
export function accessLog(log: LogOutput, clock: Clock): RequestObserver {
  const { logger } = log
  return (request, response, trace, sent, durationMs) => {
    if (trace.errorDetail !== undefined) {
      const fields = JSON.parse(`{${fieldsOf(request, response, trace, sent, durationMs)}}`)
      const timeout = timeoutOf(trace)
      logger.error({ ...fields, ...(timeout && { timeout }), err: trace.errorDetail }, 'request failed')
    } else if (logger.isLevelEnabled('info')) {
      const fields = fieldsOf(request, response, trace, sent, durationMs)
      log.write(`{"level":${infoLevel},"time":${clock.now()},${fields},"msg":"request"}\n`)
    }
  }
}

function fieldsOf(...[request, response, trace, sent, durationMs]: Parameters<RequestObserver>): string {
  const { bucket, cache, tier, subject, auth, limit, error } = trace
  let fields = `"correlation_id":"${request.id}","client_ip":${quoted(request.clientAddress)}`
  fields += `,"method":${quoted(request.method)},"path":${quoted(request.path)},"status":${response.status}`
  fields += `,"bytes":${sent.bytes},"duration_ms":${Math.round(durationMs * 1000) / 1000}`
  if (bucket !== undefined) fields += `,"bucket":"${bucket}"`
  if (cache !== undefined) fields += `,"cache":"${cache}"`
  if (tier !== undefined) fields += `,"tier":"${tier}"`
  if (subject !== undefined) fields += `,"user":${quoted(subject)}`
  if (auth !== undefined) fields += `,"auth":"${auth}"`
  if (limit !== undefined) fields += `,"limit":"${limit}"`
  if (error !== undefined) fields += `,"error":"${error}"`
  return sent.complete ? fields : `${fields},"aborted":true`
}

const plainText = /^[ !#-[\]-~]*$/

function quoted(text: string): string {
  return plainText.test(text) ? `"${text}"` : JSON.stringify(text)
}
