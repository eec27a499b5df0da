/** How long ago the keys of each identity provider were fetched. */

import type { JwksEvents } from '../access/jwks.ts'
import type { Clock } from '../base/clock.ts'

export class KeyAges {
  readonly #clock: Clock
  readonly #fetchedAtMs = new Map<JwksEvents, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Of the keys that are waited for longest; those never fetched count from when they were first wanted. 0: there are none. */
  get oldestMs(): number {
    return Math.max(0, ...[...this.#fetchedAtMs.values()].map((at) => this.#clock.monotonicMs() - at))
  }

  /** The same events for one provider, heeded here too. */
  watch(events: JwksEvents): JwksEvents {
    const note = () => this.#fetchedAtMs.set(events, this.#clock.monotonicMs())
    note()
    return {
      fetched: (keys) => {
        note()
        events.fetched(keys)
      },
      failed: (error) => events.failed(error),
      closed: () => {
        this.#fetchedAtMs.delete(events)
        events.closed()
      },
    }
  }
}
