import type { Clock } from '../base/clock.ts'
import type { TierOperation } from '../cache/tier.ts'
import type { Logger } from './logger.ts'

/** What fails only now and then has not changed its state: it works again when it has not failed for so long. */
const calmMs = 10_000

/** Which operations of which tiers fail, for one log line per change: thousands can fail in a second. */
export class Troubles {
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #lastFailedMs = new Map<string, number>()

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger
    this.#clock = clock
  }

  failed(layer: string, operation: TierOperation, error: unknown): void {
    if (!this.#lastFailedMs.has(`${layer} ${operation}`))
      this.#logger.warn({ layer, operation, err: error }, 'cache tier fails')
    this.#lastFailedMs.set(`${layer} ${operation}`, this.#clock.monotonicMs())
  }

  worked(layer: string, operation: TierOperation): void {
    if (this.#lastFailedMs.size === 0) return
    const lastFailedMs = this.#lastFailedMs.get(`${layer} ${operation}`)
    if (lastFailedMs === undefined || this.#clock.monotonicMs() - lastFailedMs < calmMs) return
    this.#lastFailedMs.delete(`${layer} ${operation}`)
    this.#logger.info({ layer, operation }, 'cache tier works again')
  }
}
