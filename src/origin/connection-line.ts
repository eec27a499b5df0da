/** Who waits for a connection to one origin. */

import type { Dispatcher } from 'undici'
import { TwoLines } from '../limits/two-lines.ts'
import type { Exchange } from './exchange.ts'

export interface Waiting {
  readonly options: Dispatcher.DispatchOptions
  readonly exchange: Exchange
}

/**
 * The pool serves first who came first. So what stands in its queue is this line, once for each that has joined; which of them a
 * connection goes to is seen when there is one.
 */
export class ConnectionLine implements Dispatcher.DispatchHandler {
  readonly #line = new TwoLines<Waiting>()

  get length(): number {
    return this.#line.length
  }

  join(waiting: Waiting, isGoingOn: boolean): void {
    this.#line.join(waiting, isGoingOn)
  }

  /** Nothing happens where it has left. */
  leave(waiting: Waiting): void {
    this.#line.leave(waiting)
  }

  /** Leaves the line. Undefined: whoever this place was for has left already. */
  next(): Waiting | undefined {
    return this.#line.next()
  }

  /** The pool is closed: none of them will have a connection. */
  onResponseError(controller: Dispatcher.DispatchController | null, error: Error): void {
    this.next()?.exchange.onResponseError(controller, error)
  }
}
