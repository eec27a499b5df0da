/** One HTTP exchange as undici drives it: who carries it, its head, its timers, its body, and how it ends. */

import type { Dispatcher } from 'undici'
import type { Clock } from '../base/clock.ts'
import { Abandoned, ProxyError, type TimeoutKind } from '../base/errors.ts'
import { fieldValue, trimmed } from '../base/header-list.ts'
import type { Step } from '../base/trace.ts'
import type { EpochMs, HeaderList } from '../base/types.ts'
import { AnswerBody } from './answer-body.ts'
import { type ExchangePhase, failureOf, isLostConnection, limitIn } from './exchange-failure.ts'
import { IdleTimer } from './idle-timer.ts'

export interface ExchangeHead {
  readonly status: number
  /** All fields as received, hop-by-hop ones included. */
  readonly headers: HeaderList
  readonly requestedAt: EpochMs
  readonly receivedAt: EpochMs
}

export interface ExchangeOptions {
  readonly method: 'GET' | 'HEAD' | 'OPTIONS'
  readonly clock: Clock
  /** For the whole head, from the moment the request is sent; then for each wait for more of the body. */
  readonly timeoutMs: number
  /** Firing it ends the exchange. */
  readonly signal: AbortSignal
  /** Ended with the exchange. */
  readonly step?: Step | undefined
  /** The exchange got its place in the pool: a connection, which may still have to be opened. */
  assigned(waitedMs: number): void
  received(bytes: number): void
  timedOut(kind: TimeoutKind): void
}

export interface Carrier {
  /** The next exchange goes out on this connection. True when the connection carried one before. */
  begin(): boolean
}

export class Exchange implements Dispatcher.DispatchHandler {
  readonly body: AnswerBody
  readonly #options: ExchangeOptions
  readonly #head = Promise.withResolvers<ExchangeHead>()
  readonly #idle: IdleTimer
  readonly #askedAtMs: number
  readonly #abandon = () => this.end(this.#options.signal.reason)
  #phase: ExchangePhase = 'queued'
  #carrier: Carrier | undefined
  #controller: Dispatcher.DispatchController | undefined
  #assignedAtMs: number | undefined
  #requestedAt: EpochMs
  #reused = false
  #status: number | undefined
  #receivedBytes = 0
  #diedUnanswered = false

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.#askedAtMs = options.clock.monotonicMs()
    this.#requestedAt = options.clock.now()
    this.#idle = new IdleTimer(options.clock, options.timeoutMs, () => this.#timedOut())
    options.signal.addEventListener('abort', this.#abandon)
    this.body = new AnswerBody({
      pause: () => {
        // Waiting for our own reader is not the origin being idle.
        this.#idle.stop()
        this.#controller?.pause()
      },
      resume: () => {
        this.#idle.start()
        this.#controller?.resume()
      },
      cancel: () => this.end(new Abandoned('the answer is not wanted any more')),
    })
  }

  /** Rejects with a ProxyError, or with what `end` was given. */
  get head(): Promise<ExchangeHead> {
    return this.#head.promise
  }

  /** When the exchange got its place in the pool, on the monotonic clock; undefined while it waits for one. */
  get assignedAtMs(): number | undefined {
    return this.#assignedAtMs
  }

  /** It failed because a kept-alive connection turned out to be closed: nobody has looked at the request. */
  get diedUnanswered(): boolean {
    return this.#diedUnanswered
  }

  /** Gives everything back at once: the place in the pool's queue, or the connection. */
  end(reason: unknown): void {
    if (this.#phase === 'over') return
    this.#finish(reason)
    this.#head.reject(reason)
    this.body.abort(reason)
    this.#controller?.abort(new Abandoned('the exchange was ended'))
  }

  /** False: this exchange is over already and must not be sent. */
  assign(carrier: Carrier): boolean {
    if (this.#phase === 'over') return false
    const nowMs = this.#options.clock.monotonicMs()
    this.#phase = 'connecting'
    this.#carrier = carrier
    this.#assignedAtMs = nowMs
    this.#options.assigned(nowMs - this.#askedAtMs)
    return true
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Throwing makes undici forget the request and keep the connection; aborting would close it.
    if (this.#phase === 'over') throw new Abandoned('the exchange ended before it was sent')
    this.#controller = controller
    this.#phase = 'sent'
    this.#reused = this.#carrier?.begin() ?? false
    this.#requestedAt = this.#options.clock.now()
    this.#options.step?.reached('sent')
    this.#idle.start()
  }

  onResponseStarted(): void {
    if (this.#phase === 'sent') this.#phase = 'answering'
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200 || this.#phase === 'over') return
    const headers = latin1Fields(controller.rawHeaders)
    this.#phase = 'body'
    this.#idle.touch()
    this.#status = status
    this.#options.step?.reached('answered')
    const receivedAt = this.#options.clock.now()
    this.#head.resolve({ status, headers, requestedAt: this.#requestedAt, receivedAt })
    if (this.#options.method === 'HEAD' && fieldValue(headers, 'transfer-encoding') !== undefined) {
      // Some servers send the last chunk after all (OpenStack Swift), which would be read as the next answer.
      this.#finish()
      this.body.end()
      controller.abort(new Abandoned('a HEAD answer with a transfer coding leaves the connection in doubt'))
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#idle.touch()
    this.#receivedBytes += chunk.length
    this.#options.received(chunk.length)
    this.body.push(chunk)
  }

  onResponseEnd(): void {
    if (this.#phase === 'over') return
    this.#finish()
    this.body.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#phase === 'over') return
    const failure = failureOf(error, this.#phase)
    this.#diedUnanswered = this.#phase === 'sent' && this.#reused && isLostConnection(error)
    this.#fail(failure)
  }

  #timedOut(): void {
    if (this.#phase === 'over') return
    const waitedFor = this.#phase === 'body' ? 'more of its body' : 'its answer'
    const failure = new ProxyError('OriginTimeout', `waited ${this.#options.timeoutMs} ms for ${waitedFor}`, {
      timeout: limitIn(this.#phase),
    })
    this.#fail(failure)
    this.#controller?.abort(failure)
  }

  #fail(failure: Error): void {
    this.#finish(failure)
    if (failure instanceof ProxyError && failure.timeout !== undefined) this.#options.timedOut(failure.timeout)
    this.#head.reject(failure)
    this.body.fail(failure)
  }

  #finish(failure?: unknown): void {
    this.#phase = 'over'
    this.#idle.stop()
    this.#options.step?.end({
      'http.response.status_code': this.#status,
      'http.response.body.size': this.#receivedBytes,
      'error.type': errorType(failure, this.#status),
      'yatagarasu.abandoned': failure === undefined || failure instanceof ProxyError ? undefined : true,
    })
    this.#options.signal.removeEventListener('abort', this.#abandon)
  }
}

/** By OpenTelemetry's conventions. Undefined: nothing went wrong at the origin. */
function errorType(failure: unknown, status = 0): string | undefined {
  if (failure instanceof ProxyError) return failure.code
  return status >= 500 ? String(status) : undefined
}

/** undici hands the fields over as raw bytes, name and value in turn; one character per byte keeps what is in them unchanged. */
function latin1Fields(raw: Dispatcher.DispatchController['rawHeaders']): HeaderList {
  if (!Array.isArray(raw)) return []
  return raw.map((part) => trimmed(typeof part === 'string' ? part : part.toString('latin1')))
}
