/** Where the time of requests goes: who has it measured, and who is told. */

import { randomBytes } from 'node:crypto'
import type { ObservabilityConfig } from '../config/config.ts'
import type { RequestObserver } from '../observe/request-observer.ts'
import { slowRequests } from '../observe/slow-requests.ts'
import type { SpanSink } from '../observe/span.ts'
import { openSpanSink } from '../observe/span-sink.ts'
import { Timelines } from '../observe/tracing.ts'
import type { Foundation } from './foundation.ts'
import type { Share } from './shared-parts.ts'

type Hold = <P>(share: Share<P>) => P

/** Undefined: nobody wants to know, and requests have no timeline. `hold`: the collector is shared with other configurations. */
export function timelinesOf(
  { tracing, slowRequests: slow }: ObservabilityConfig,
  foundation: Foundation,
  hold: Hold,
): Timelines | undefined {
  if (tracing === undefined && slow === undefined) return undefined
  const { clock, random, spanSinks, log, version } = foundation
  const takeSink = ({ samplingRatio: _, ...options }: NonNullable<typeof tracing>): Share<SpanSink> =>
    spanSinks.take(options, () => openSpanSink(options, { clock, logger: log.logger, version }))
  const traced = tracing && { samplingRatio: tracing.samplingRatio, sink: hold(takeSink(tracing)) }
  const ports = { clock, random, id: idsInHex() }
  return new Timelines({ tracing: traced, isMeasured: slow !== undefined }, ports)
}

/** Many at once: each call of `randomBytes` costs some microseconds, however few bytes it is for. */
function idsInHex(): (bytes: number) => string {
  let digits = ''
  let used = 0
  return (bytes) => {
    const length = bytes * 2
    if (used + length > digits.length) {
      digits = randomBytes(2048).toString('hex')
      used = 0
    }
    used += length
    return digits.slice(used - length, used)
  }
}

export function slowRequestsOf(
  { slowRequests: slow }: ObservabilityConfig,
  { log }: Foundation,
): RequestObserver | undefined {
  return slow && slowRequests(log.logger, slow.thresholdMs)
}
