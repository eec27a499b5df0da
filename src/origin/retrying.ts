/** Whether a question is worth asking again, and after how long. */

import { ProxyError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'

export interface RetryOptions {
  /** The first one included. */
  readonly maxAttempts: number
  readonly initialBackoffMs: number
  readonly maxBackoffMs: number
}

/** The origin is at fault, not the question: another replica may do better. Never an answer of 4xx. */
export function isFailure(error: unknown): error is ProxyError {
  return error instanceof ProxyError && (error.retryable || error.code === 'OriginMalformed')
}

/**
 * How long to wait before the `retry`th retry (the first is 1) of what ended so; undefined: it is not worth one. The waits
 * grow twofold with full jitter, so that requests that failed together do not come back together.
 */
export function backoffMs(
  { retryable, retryAfterSeconds }: ProxyError,
  retry: number,
  options: RetryOptions,
  random: Random,
): number | undefined {
  if (!retryable) return undefined
  if (retryAfterSeconds !== undefined) {
    const askedForMs = retryAfterSeconds * 1000
    return askedForMs <= options.maxBackoffMs ? askedForMs : undefined
  }
  return random.float() * Math.min(options.maxBackoffMs, options.initialBackoffMs * 2 ** (retry - 1))
}
