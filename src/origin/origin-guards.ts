/** Origins around an origin. */

import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { ObjectRef, Origin, OriginAnswer, OriginEvents, OriginQuery } from './origin.ts'

export interface RetryOptions {
  /** The first one included. */
  readonly maxAttempts: number
  readonly initialBackoffMs: number
  readonly maxBackoffMs: number
}

export interface RetryPorts {
  readonly clock: Clock
  readonly random: Random
  readonly events: OriginEvents
}

/**
 * Asks again after failures that may pass. Only until there is an answer: a body that breaks off is for its reader to
 * resume. The waits grow twofold with full jitter, so that requests that failed together do not come back together.
 */
export function withRetry(origin: Origin, options: RetryOptions, ports: RetryPorts): Origin {
  const { clock, random, events } = ports

  /** Undefined: it is not worth asking again. */
  function backoffMs(error: unknown, attempt: number): number | undefined {
    if (!(error instanceof ProxyError) || !error.retryable || attempt >= options.maxAttempts) return undefined
    if (error.retryAfterSeconds !== undefined) {
      const askedForMs = error.retryAfterSeconds * 1000
      return askedForMs <= options.maxBackoffMs ? askedForMs : undefined
    }
    return random.float() * Math.min(options.maxBackoffMs, options.initialBackoffMs * 2 ** (attempt - 1))
  }

  async function wait(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await clock.sleep(ms, signal)
    } finally {
      signal.throwIfAborted()
    }
  }

  async function attempt(ref: ObjectRef, query: OriginQuery, count: number): Promise<OriginAnswer> {
    try {
      const answer = await origin.ask(ref, query)
      if (count > 1) events.retried(ref.bucket, 'success')
      return answer
    } catch (error) {
      if (count > 1 && !query.signal.aborted) events.retried(ref.bucket, 'failure')
      const waitMs = backoffMs(error, count)
      if (waitMs === undefined || query.signal.aborted) throw error
      await wait(waitMs, query.signal)
      return attempt(ref, query, count + 1)
    }
  }

  return {
    name: origin.name,
    fingerprint: origin.fingerprint,
    ask: (ref, query) => attempt(ref, query, 1),
    close: () => origin.close(),
  }
}
