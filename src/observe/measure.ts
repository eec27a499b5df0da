/** What the metrics count of each request. */

import type { ErrorCode } from '../base/errors.ts'
import type { CacheStatus, Trace } from '../base/trace.ts'
import type { RejectReason } from '../http/refusal.ts'
import type { Cell, HistogramCell } from './instruments.ts'
import type { Metrics } from './metrics.ts'
import { type RequestObserver, timeoutOf } from './request-observer.ts'

/** The counters of one bucket, held so that a request only adds to them. */
class BucketMeter {
  readonly bytes: Cell
  readonly coalesced: Cell
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

export function measure(metrics: Metrics): RequestObserver {
  const meters = new Map<string, BucketMeter>()
  return (request, response, trace, sent, durationMs) => {
    const { bucket = '', cache = 'none', collapsed, auth, error } = trace
    let meter = meters.get(bucket)
    if (meter === undefined) {
      meter = new BucketMeter(bucket, metrics)
      meters.set(bucket, meter)
    }
    meter.requests(knownMethods.has(request.method) ? request.method : 'other', response.status).value++
    meter.duration(cache).observe(durationMs / 1000)
    meter.bytes.value += sent.bytes
    if (collapsed === true) meter.coalesced.value++
    if (auth !== undefined) meter.auth(error === 'ClaimDenied' ? 'denied' : auth).value++
    if (error !== undefined) countRefusal(error, trace, metrics)
    // The others are told of by the origin, each attempt by itself.
    if (timeoutOf(trace) === 'request') metrics.originTimeouts.cell(bucket, 'request').value++
  }
}

function countRefusal(error: ErrorCode, { bucket = '', limit = '' }: Trace, metrics: Metrics): void {
  const reason = refusals[error]
  if (reason !== undefined) metrics.rejectedRequests.cell(reason).value++
  else if (error === 'AddressDenied') metrics.ipDenied.cell(bucket).value++
  else if (error === 'RateLimited') metrics.rateLimited.cell(bucket, limit).value++
}
