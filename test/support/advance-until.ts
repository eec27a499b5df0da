/** Lets time go by for code that waits on the clock and on sockets in turn. */

import { setImmediate as turn } from 'node:timers/promises'
import type { FakeClock } from './fake-clock.ts'

/** Turns the clock by `stepMs` for each turn of the event loop until `settled` has settled. */
export async function advanceUntil<T>(clock: FakeClock, settled: Promise<T>, stepMs = 10): Promise<T> {
  let isOver = false
  const over = () => {
    isOver = true
  }
  settled.then(over, over)
  while (!isOver) {
    await clock.advance(stepMs)
    await turn()
  }
  return settled
}
