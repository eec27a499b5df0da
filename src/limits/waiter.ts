/** A request that waits in line for a slot: until it is let in, its client leaves, or it takes too long. */

import type { Clock } from '../base/clock.ts'
import { ProxyError } from '../base/errors.ts'
import type { Release } from './concurrency.ts'
import type { Line } from './line.ts'

export interface Waiter {
  /** Of one that has left the line by then. */
  admit(release: Release): void
}

export interface Patience {
  readonly clock: Clock
  readonly limitMs: number
  /** Of a client that is still there. */
  readonly signal: AbortSignal
}

/** Joins the line. `gaveUp`: called when the request has left it by itself, and is let in no more. */
export function waitIn(line: Line<Waiter>, { clock, limitMs, signal }: Patience, gaveUp: () => void): Promise<Release> {
  return new Promise((resolve, reject) => {
    const end = () => {
      callOff()
      signal.removeEventListener('abort', leave)
    }
    const giveUp = (reason: unknown) => {
      end()
      line.leave(waiter)
      gaveUp()
      reject(reason)
    }
    const leave = () => giveUp(signal.reason)
    const callOff = clock.alarm(limitMs, () => giveUp(new ProxyError('Overloaded', `no slot within ${limitMs} ms`)))
    const waiter: Waiter = {
      admit(release) {
        end()
        resolve(release)
      },
    }
    signal.addEventListener('abort', leave)
    line.join(waiter)
  })
}
