/** A log line for each request that took long, with what its time was spent on. */

import type { Logger } from './logger.ts'
import type { RequestObserver } from './request-observer.ts'
import type { TimedPhase } from './step.ts'
import { RequestTimeline } from './timeline.ts'

/** As the log line has them, in the order of a request's life. */
const phases: readonly (readonly [TimedPhase, string])[] = [
  ['queue', 'queue'],
  ['admit', 'admit'],
  ['authenticate', 'auth'],
  ['memory', 'memory'],
  ['disk', 'disk'],
  ['redis', 'redis'],
  ['coalesced', 'coalesced'],
  ['origin_connect', 'origin_connect'],
  ['origin_first_byte', 'origin_first_byte'],
  ['origin_body', 'origin_body'],
  ['backoff', 'origin_backoff'],
  ['send', 'send'],
]

export function slowRequests(logger: Logger, thresholdMs: number): RequestObserver {
  return (request, response, trace, sent, durationMs) => {
    const { timeline, bucket, cache, tier, traceId, spanId } = trace
    if (durationMs < thresholdMs || !(timeline instanceof RequestTimeline)) return
    logger.warn(
      {
        correlation_id: request.id,
        ...{ method: request.method, path: request.path, status: response.status, bytes: sent.bytes },
        ...{ bucket, cache, tier, trace_id: traceId, span_id: spanId },
        ...{ duration_ms: rounded(durationMs), threshold_ms: thresholdMs, phases_ms: told(timeline.sums) },
      },
      'slow request',
    )
  }
}

/** Those that the request has been through. */
function told(sums: ReadonlyMap<TimedPhase, number>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    phases.flatMap(([phase, name]) => {
      const ms = sums.get(phase)
      return ms === undefined ? [] : [[name, rounded(ms)]]
    }),
  )
}

const rounded = (ms: number) => Math.round(ms * 1000) / 1000
