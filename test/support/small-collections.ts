/** What V8 frees without a full collection. */
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options?: { readonly type: 'minor' }) => void

export class Collections {
  readonly #collect: Collect

  constructor() {
    setFlagsFromString('--expose-gc')
    this.#collect = runInNewContext('gc') as Collect
  }

  /** What survives two of them is old. */
  async small(times = 3): Promise<void> {
    for (let done = 0; done < times; done++) {
      await turn() // weak references hold on to what was looked at until the turn ends
      this.#collect({ type: 'minor' })
    }
  }

  /** Makes everything old that is in use. */
  async full(): Promise<void> {
    await turn()
    this.#collect()
  }
}
