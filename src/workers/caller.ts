/** The other side of a link, whether it is another thread or this one. */

import type { Calls, Link } from './link.ts'

export type Caller<Theirs extends Calls> = Pick<Link<Theirs>, 'call' | 'tell'>

/** For the thread that everything is done on: its own calls, made to itself. Nothing is cloned. */
export function calling<Theirs extends Calls>(theirs: Theirs): Caller<Theirs> {
  const perform = (name: keyof Theirs, argument: unknown): unknown => theirs[name]?.(argument as never)
  return {
    call: async (name, argument) => (await perform(name, argument)) as never,
    tell: (name, argument) => void perform(name, argument),
  }
}
