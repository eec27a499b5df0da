import type { Clock } from '../base/clock.ts'
import type { TierOperation } from '../cache/tier.ts'
import type { Logger } from './logger.ts'

/** What fails only now and then has not changed its state: it works again when it has not failed for so long. */
const calmMs = 10_000

/** Which operations of which tiers fail, and which tiers are too slow, for one log line per change: thousands can fail in a second. */
export class Troubles {
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #lastFailedMs = new Map<string, number>()
  readonly #lastOverranMs = new Map<string, number>()

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger
    this.#clock = clock
  }

  failed(layer: string, operation: TierOperation, error: unknown): void {
    if (this.#note(this.#lastFailedMs, `${layer} ${operation}`))
      this.#logger.warn({ layer, operation, err: error }, 'cache tier fails')
  }

  /** Records came faster than the tier takes them, and one was dropped. */
  overran(layer: string): void {
    if (this.#note(this.#lastOverranMs, layer)) this.#logger.warn({ layer }, 'cache tier cannot keep up')
  }

  worked(layer: string, operation: TierOperation): void {
    if (this.#lastFailedMs.size + this.#lastOverranMs.size === 0) return
    if (this.#isOver(this.#lastFailedMs, `${layer} ${operation}`))
      this.#logger.info({ layer, operation }, 'cache tier works again')
    if (operation === 'put' && this.#isOver(this.#lastOverranMs, layer))
      this.#logger.info({ layer }, 'cache tier keeps up again')
  }

  /** True when it is news. */
  #note(lastMs: Map<string, number>, what: string): boolean {
    const isNews = !lastMs.has(what)
    lastMs.set(what, this.#clock.monotonicMs())
    return isNews
  }

  /** True once, when there was something of it and has been nothing for long enough. */
  #isOver(lastMs: Map<string, number>, what: string): boolean {
    const ms = lastMs.get(what)
    return ms !== undefined && this.#clock.monotonicMs() - ms >= calmMs && lastMs.delete(what)
  }
}
