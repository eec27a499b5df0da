/** Slots that several threads share, all of them played by one. */

import type { Clock } from '../../src/base/clock.ts'
import type { SlotOptions, Slots } from '../../src/limits/concurrency.ts'
import { HubSlots } from '../../src/limits/hub-slots.ts'
import { ThreadSlots } from '../../src/limits/thread-slots.ts'

export interface SlotsOfThreads {
  readonly hub: HubSlots
  /** By number; the first is the hub's. */
  readonly threads: (HubSlots | ThreadSlots)[]
  /** Each request comes to the next thread, in turn. */
  readonly spread: Slots
}

/** `rows`: of the counts. */
export function slotsOfThreads(options: SlotOptions, threads: number, clock: Clock, rows = 8): SlotsOfThreads {
  const wake = (thread: number) => void setImmediate(() => all[thread]?.collect())
  const hub = new HubSlots({ ...options, threads, rows }, { clock, wake })
  const all: (HubSlots | ThreadSlots)[] = [hub]
  while (all.length < threads) all.push(new ThreadSlots(hub.handle, all.length, { clock, wake }))
  let requests = 0
  const spread: Slots = {
    take: (bucket, client) => (all[requests++ % threads] ?? hub).take(bucket, client),
    adjust: (changed) => hub.adjust(changed),
    get taken() {
      return hub.taken
    },
    get waiting() {
      return hub.waiting
    },
  }
  return { hub, threads: all, spread }
}
