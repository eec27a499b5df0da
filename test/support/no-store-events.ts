import type { StoreEvents } from '../../src/cache/tier.ts'

/** For tests that look at what is stored, and not at what is told of it. */
export const noStoreEvents: StoreEvents = {
  hit() {},
  missed() {},
  evicted() {},
  failed() {},
  worked() {},
  dropped() {},
  breakerChanged() {},
}
