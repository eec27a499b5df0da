/** Two sides of a link that lie in one thread, for tests of what crosses it. */

import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { type Calls, Link } from '../../src/workers/link.ts'

export interface LinkedSides<Theirs extends Calls> {
  readonly near: Link<Theirs>
  readonly far: Link<Calls>
  /** Resolves when all that was sent until now has arrived, at either side. */
  settle(): Promise<void>
  close(): Promise<void>
  [Symbol.dispose](): void
}

/** `mine`: what the far side does for the near one; `theirs` the other way round. */
export function linkedSides<Theirs extends Calls>(mine: Theirs, theirs: Calls = {}): LinkedSides<Theirs> {
  const { port1, port2 } = new MessageChannel()
  const near = new Link<Theirs & { arrived(): void }>(port1, { ...theirs, arrived: () => undefined })
  const far = new Link<{ arrived(): void }>(port2, { ...mine, arrived: () => undefined })
  const closed = Promise.all([once(port1, 'close'), once(port2, 'close')])
  return {
    near: near as unknown as Link<Theirs>,
    far: far as unknown as Link<Calls>,
    async settle() {
      await near.call('arrived', undefined as never)
      await far.call('arrived', undefined as never)
    },
    async close() {
      port1.close()
      await closed
    },
    [Symbol.dispose]: () => port1.close(),
  }
}
