/** One job at work, from the first key to the last. */

import { setImmediate as turn } from 'node:timers/promises'
import { Abandoned, ProxyError } from '../base/errors.ts'
import { type EpochMs, unreachable } from '../base/types.ts'
import type { Pace } from './pace.ts'
import type { Warmed, WarmJob, WarmOrder, WarmPorts } from './warm-jobs.ts'

/** How often one object is tried at most. The origin has been asked more than once by then, each time. */
const maxTries = 3
/** How long a job waits when the origin asks for it or fails; twice as long each time it does so again. */
const firstPauseMs = 1000
const longestPauseMs = 60_000

type Outcome = Warmed | { readonly kind: 'failed'; readonly error: unknown }

export class WarmRun {
  readonly id: string
  readonly #bucket: string
  readonly #pace: Pace
  readonly #ports: WarmPorts
  readonly #startedAt: EpochMs
  readonly #abort = new AbortController()
  readonly #counts = { found: 0, fetched: 0, skipped: 0, missing: 0, failed: 0, bytes: 0 }
  #state: WarmJob['state'] = 'running'
  #endedAt: EpochMs | undefined
  #isListed = false
  #lastError: string | undefined
  #pausedUntilMs = 0
  #pauses = 0
  #settled: Promise<void> = Promise.resolve()

  constructor(bucket: string, pace: Pace, ports: WarmPorts) {
    this.id = ports.random.requestId()
    this.#bucket = bucket
    this.#pace = pace
    this.#ports = ports
    this.#startedAt = ports.clock.now()
  }

  /** To be called once: this or `refuse`. */
  begin({ keys, limit = Number.POSITIVE_INFINITY }: WarmOrder): void {
    this.#settled = this.#work(keys, limit)
  }

  refuse(reason: string): void {
    this.#lastError = reason
    this.#end('failed')
  }

  /** What is under way is called off. Not undone: what was fetched is there. */
  cancel(): void {
    this.#end('cancelled')
    this.#abort.abort(new Abandoned('the job was cancelled'))
  }

  /** Resolves when nothing of it is under way any more, which can be later than its end. Never rejects. */
  get settled(): Promise<void> {
    return this.#settled
  }

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  /** As it is now. */
  get job(): WarmJob {
    return {
      id: this.id,
      bucket: this.#bucket,
      state: this.#state,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      isListed: this.#isListed,
      ...this.#counts,
      lastError: this.#lastError,
    }
  }

  async #work(keys: WarmOrder['keys'], limit: number): Promise<void> {
    const underWay = new Set<Promise<void>>()
    try {
      for await (const key of 'list' in keys ? this.#named(keys.list, limit) : this.#listed(keys.prefix, limit)) {
        await this.#turn()
        const warming = this.#warm(key).finally(() => underWay.delete(warming))
        underWay.add(warming)
        await turn() // objects that are fresh in memory take no time of their own
      }
      this.#isListed = true
      await Promise.all(underWay)
      this.#end('done')
    } catch (error) {
      // Cancelled, or the listing failed. Either way what is under way comes to its end first.
      await Promise.all(underWay)
      if (this.isRunning) this.refuse(wordsFor(error))
    }
  }

  *#named(keys: readonly string[], limit: number): Generator<string> {
    this.#counts.found = Math.min(keys.length, limit)
    this.#isListed = true
    yield* keys.slice(0, limit)
  }

  /** Listed no faster than objects are fetched. */
  async *#listed(prefix: string, limit: number): AsyncGenerator<string> {
    if (limit === 0) return
    for await (const { key } of this.#ports.list(this.#bucket, prefix, this.#abort.signal)) {
      this.#counts.found += 1
      yield key
      if (this.#counts.found >= limit) return
    }
  }

  /** Waits for a place. Rejects when the job is cancelled. */
  async #turn(): Promise<void> {
    const { clock } = this.#ports
    const { signal } = this.#abort
    for (;;) {
      const pauseMs = this.#pausedUntilMs - clock.monotonicMs()
      if (pauseMs <= 0) break
      await clock.sleep(pauseMs, signal)
    }
    await this.#pace.enter(signal)
  }

  /** To be called with a place, which it gives back. Never rejects. */
  async #warm(key: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const outcome = await this.#try(key)
      this.#pace.leave(outcome.kind === 'fresh' ? 'unused' : 'used')
      if (!this.isRunning) return
      if (!mayPass(outcome)) return this.#count(outcome)
      this.#pause(outcome.error)
      if (tries === maxTries) return this.#count(outcome)
      try {
        await this.#turn()
      } catch {
        return // cancelled meanwhile
      }
    }
  }

  async #try(key: string): Promise<Outcome> {
    try {
      return await this.#ports.warm(this.#bucket, key, this.#abort.signal)
    } catch (error) {
      return { kind: 'failed', error } // one object's failure is not the job's
    }
  }

  #count(outcome: Outcome): void {
    const counts = this.#counts
    const isPausing = this.#ports.clock.monotonicMs() < this.#pausedUntilMs
    if (outcome.kind !== 'failed' && outcome.kind !== 'fresh' && !isPausing) this.#pauses = 0
    switch (outcome.kind) {
      case 'fetched':
        counts.fetched += 1
        counts.bytes += outcome.bytes
        return
      case 'fresh':
        counts.skipped += 1
        return
      case 'missing':
        counts.missing += 1
        return
      case 'not-stored':
        counts.failed += 1
        this.#lastError = 'not stored: the answer of the origin or the settings of the bucket forbid it'
        return
      case 'failed':
        counts.failed += 1
        this.#lastError = wordsFor(outcome.error)
        return
      default:
        unreachable(outcome)
    }
  }

  #pause({ retryAfterSeconds = 0 }: ProxyError): void {
    const { clock, random } = this.#ports
    const now = clock.monotonicMs()
    // Those that were under way together fail together: that is one failure.
    if (now < this.#pausedUntilMs) return
    const fullMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#pauses, 16))
    this.#pauses += 1
    const pauseMs = fullMs * (0.5 + random.float() / 2)
    this.#pausedUntilMs = now + Math.max(pauseMs, Math.min(longestPauseMs, retryAfterSeconds * 1000))
  }

  #end(state: WarmJob['state']): void {
    if (!this.isRunning) return
    this.#state = state
    this.#endedAt = this.#ports.clock.now()
    this.#ports.ended(this.job)
  }
}

function mayPass(outcome: Outcome): outcome is { readonly kind: 'failed'; readonly error: ProxyError } {
  return outcome.kind === 'failed' && outcome.error instanceof ProxyError && outcome.error.retryable
}

/** Messages of the error table's kind hold no secrets; of others nobody knows. */
function wordsFor(error: unknown): string {
  if (error instanceof ProxyError) return `${error.code}: ${error.message}`
  return `an unexpected error (${error instanceof Error ? error.name : typeof error})`
}
