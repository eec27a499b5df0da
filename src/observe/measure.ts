/** What the metrics count of each request. */

import type { Clock } from '../base/clock.ts'
import type { ErrorCode } from '../base/errors.ts'
import type { CacheStatus, Trace } from '../base/trace.ts'
import type { Sent } from '../http/messages.ts'
import type { RejectReason } from '../http/refusal.ts'
import type { Exemplar, Histogram } from './histogram-family.ts'
import type { Metrics } from './metrics.ts'
import { type RequestObserver, timeoutOf } from './request-observer.ts'
import type { Counter } from './value-families.ts'

/** The counters of one bucket, held so that a request only adds to them. */
class BucketMeter {
  readonly bytes: Counter
  readonly coalesced: Counter
  readonly requestsAvoided: Counter
  readonly bytesAvoided: Counter
  readonly #metrics: Metrics
  readonly #bucket: string
  readonly #requests = new Map<string, Map<number, Counter>>()
  readonly #auth = new Map<string, Counter>()
  readonly #durations = new Map<CacheStatus | 'none', Histogram>()

  constructor(bucket: string, metrics: Metrics) {
    this.#bucket = bucket
    this.#metrics = metrics
    this.bytes = metrics.httpResponseBytes.cell(bucket)
    this.coalesced = metrics.coalesced.cell(bucket)
    this.requestsAvoided = metrics.requestsAvoided.cell(bucket)
    this.bytesAvoided = metrics.bytesAvoided.cell(bucket)
  }

  requests(method: string, status: number): Counter {
    let cells = this.#requests.get(method)
    if (cells === undefined) {
      cells = new Map()
      this.#requests.set(method, cells)
    }
    let cell = cells.get(status)
    if (cell === undefined) {
      cell = this.#metrics.httpRequests.cell(this.#bucket, method, String(status))
      cells.set(status, cell)
    }
    return cell
  }

  auth(outcome: string): Counter {
    let cell = this.#auth.get(outcome)
    if (cell === undefined) {
      cell = this.#metrics.auth.cell(this.#bucket, outcome)
      this.#auth.set(outcome, cell)
    }
    return cell
  }

  duration(cache: CacheStatus | 'none'): Histogram {
    let cell = this.#durations.get(cache)
    if (cell === undefined) {
      cell = this.#metrics.httpDuration.cell(this.#bucket, cache)
      this.#durations.set(cache, cell)
    }
    return cell
  }
}

const knownMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'PATCH'])

/** Refusals that only the pipeline can tell; the listener counts its own. */
const refusals: { readonly [Code in ErrorCode]?: RejectReason } = {
  InvalidPath: 'bad-path',
  RequestBodyNotAllowed: 'body',
  Overloaded: 'overload',
}

export function measure(metrics: Metrics, clock: Clock): RequestObserver {
  const meters = new Map<string, BucketMeter>()
  const meterOf = (bucket: string): BucketMeter => {
    const known = meters.get(bucket)
    if (known !== undefined) return known
    const meter = new BucketMeter(bucket, metrics)
    meters.set(bucket, meter)
    return meter
  }
  return (request, response, trace, sent, durationMs) => {
    const { bucket = '', cache = 'none', auth, error } = trace
    const meter = meterOf(bucket)
    meter.requests(knownMethods.has(request.method) ? request.method : 'other', response.status).add(1)
    meter.duration(cache).observe(durationMs / 1000, exemplarOf(trace, clock))
    meter.bytes.add(sent.bytes)
    countSpared(meter, trace, response.status, sent)
    if (auth !== undefined) meter.auth(error === 'ClaimDenied' ? 'denied' : auth).add(1)
    if (error !== undefined) countRefusal(error, trace, metrics)
    // The others are told of by the origin, each attempt by itself.
    if (timeoutOf(trace) === 'request') metrics.originTimeouts.cell(bucket, 'request').add(1)
  }
}

/** Of requests whose trace can be looked at. */
function exemplarOf({ traceId, spanId }: Trace, clock: Clock): Exemplar | undefined {
  return traceId === undefined || spanId === undefined ? undefined : { traceId, atMs: clock.now() }
}

function countSpared(
  meter: BucketMeter,
  { cache, collapsed, asked, ownBytes }: Trace,
  status: number,
  sent: Sent,
): void {
  if (cache === undefined) return
  if (collapsed) meter.coalesced.add(1)
  if (!asked && (cache === 'hit' || cache === 'stale' || collapsed)) meter.requestsAvoided.add(1)
  // Error pages are of the proxy's own making.
  if (status < 400 && sent.bytes > ownBytes) meter.bytesAvoided.add(sent.bytes - ownBytes)
}

function countRefusal(error: ErrorCode, { bucket = '', limit = '' }: Trace, metrics: Metrics): void {
  const reason = refusals[error]
  if (reason !== undefined) metrics.rejectedRequests.cell(reason).add(1)
  else if (error === 'AddressDenied') metrics.ipDenied.cell(bucket).add(1)
  else if (error === 'RateLimited') metrics.rateLimited.cell(bucket, limit).add(1)
}
