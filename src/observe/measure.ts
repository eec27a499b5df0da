/** What the metrics count of each request. */

import type { Clock } from '../base/clock.ts'
import type { ErrorCode } from '../base/errors.ts'
import type { CacheStatus, Trace } from '../base/trace.ts'
import type { Sent } from '../http/messages.ts'
import type { RejectReason } from '../http/refusal.ts'
import type { Cell, Exemplar, HistogramCell } from './instruments.ts'
import type { Metrics } from './metrics.ts'
import { type RequestObserver, timeoutOf } from './request-observer.ts'

/** The counters of one bucket, held so that a request only adds to them. */
class BucketMeter {
  readonly bytes: Cell
  readonly coalesced: Cell
  readonly requestsAvoided: Cell
  readonly bytesAvoided: Cell
  readonly #metrics: Metrics
  readonly #bucket: string
  readonly #requests = new Map<string, Map<number, Cell>>()
  readonly #auth = new Map<string, Cell>()
  readonly #durations = new Map<CacheStatus | 'none', HistogramCell>()

  constructor(bucket: string, metrics: Metrics) {
    this.#bucket = bucket
    this.#metrics = metrics
    this.bytes = metrics.httpResponseBytes.cell(bucket)
    this.coalesced = metrics.coalesced.cell(bucket)
    this.requestsAvoided = metrics.requestsAvoided.cell(bucket)
    this.bytesAvoided = metrics.bytesAvoided.cell(bucket)
  }

  requests(method: string, status: number): Cell {
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

  auth(outcome: string): Cell {
    let cell = this.#auth.get(outcome)
    if (cell === undefined) {
      cell = this.#metrics.auth.cell(this.#bucket, outcome)
      this.#auth.set(outcome, cell)
    }
    return cell
  }

  duration(cache: CacheStatus | 'none'): HistogramCell {
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
    meter.requests(knownMethods.has(request.method) ? request.method : 'other', response.status).value++
    meter.duration(cache).observe(durationMs / 1000, exemplarOf(trace, clock))
    meter.bytes.value += sent.bytes
    countSpared(meter, trace, response.status, sent)
    if (auth !== undefined) meter.auth(error === 'ClaimDenied' ? 'denied' : auth).value++
    if (error !== undefined) countRefusal(error, trace, metrics)
    // The others are told of by the origin, each attempt by itself.
    if (timeoutOf(trace) === 'request') metrics.originTimeouts.cell(bucket, 'request').value++
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
  if (collapsed) meter.coalesced.value++
  if (!asked && (cache === 'hit' || cache === 'stale' || collapsed)) meter.requestsAvoided.value++
  // Error pages are of the proxy's own making.
  if (status < 400 && sent.bytes > ownBytes) meter.bytesAvoided.value += sent.bytes - ownBytes
}

function countRefusal(error: ErrorCode, { bucket = '', limit = '' }: Trace, metrics: Metrics): void {
  const reason = refusals[error]
  if (reason !== undefined) metrics.rejectedRequests.cell(reason).value++
  else if (error === 'AddressDenied') metrics.ipDenied.cell(bucket).value++
  else if (error === 'RateLimited') metrics.rateLimited.cell(bucket, limit).value++
}
