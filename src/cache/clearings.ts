import type { Clock } from '../base/clock.ts'
import type { RecordId } from '../base/types.ts'
import { type Doubt, Doubts } from './doubts.ts'
import type { CacheTier, Removed, StoreEvents } from './tier.ts'

/** Soon enough for a tier that works again, and little to ask of one that does not. */
const retryMs = 1000

/** Clears one tier, as often as it takes. What is to go is in doubt until it has gone. */
export class Clearings {
  readonly doubts: Doubts
  readonly #tier: CacheTier
  readonly #events: Pick<StoreEvents, 'failed'>
  readonly #clock: Clock
  #callOff: (() => void) | undefined
  #isClosing = false

  constructor(tier: CacheTier, events: Pick<StoreEvents, 'failed'>, clock: Clock) {
    this.doubts = new Doubts(clock)
    this.#tier = tier
    this.#events = events
    this.#clock = clock
  }

  /** Never rejects. Undefined: it failed, and is owed. */
  async clear(doubt: Doubt, onRemoved?: (id: RecordId) => void): Promise<Removed | undefined> {
    try {
      const removed = await this.#tier.clear(doubt.scope, onRemoved)
      this.doubts.settle(doubt)
      return removed
    } catch (error) {
      this.#events.failed(this.#tier.name, 'remove', error)
      this.doubts.owe(doubt)
      this.#retryLater()
      return undefined
    }
  }

  /** Nothing is tried again. */
  close(): void {
    this.#isClosing = true
    this.#callOff?.()
  }

  #retryLater(): void {
    if (this.#callOff !== undefined || this.#isClosing) return
    this.#callOff = this.#clock.alarm(retryMs, () => {
      this.#callOff = undefined
      void this.#retry() // never rejects
    })
  }

  /** One after the other: when one fails, the others need not be tried. */
  async #retry(): Promise<void> {
    let hasFailed = false
    for (const doubt of this.doubts.takeOwed()) {
      if (hasFailed) this.doubts.owe(doubt)
      else hasFailed = (await this.clear(doubt)) === undefined
    }
  }
}
