/** What people do to the disk tier who purge it or look at it: a few milliseconds at a time, and none of it is a use. */

import type { Clock } from '../base/clock.ts'
import type { RecordId } from '../base/types.ts'
import type { DiskIndex } from './disk-index.ts'
import { isMissing } from './files.ts'
import type { PutsUnderWay } from './puts-under-way.ts'
import type { ObjectHead } from './record.ts'
import { digestOf } from './record-digest.ts'
import type { RecordReader } from './record-reader.ts'
import type { Scope } from './scope.ts'
import { Stints } from './stints.ts'
import type { Listed, Removed } from './tier.ts'
import type { Turns } from './turns.ts'

export interface Peeked {
  readonly head: ObjectHead
  readonly listed: Listed
}

export interface ScopesOnDiskOptions {
  readonly index: DiskIndex
  readonly turns: Turns
  readonly puts: PutsUnderWay
  readonly reader: RecordReader
  readonly clock: Clock
  /** Sees to files that the index does not know. False: there are none. */
  readonly clearUnknown: (scope: Scope) => boolean
  /** Sees to the file of a record that has left the index. */
  readonly condemn: (id: RecordId, bytes: number) => void
}

export class ScopesOnDisk {
  readonly #options: ScopesOnDiskOptions
  readonly #clearings = new Set<Promise<unknown>>()

  constructor(options: ScopesOnDiskOptions) {
    this.#options = options
  }

  /** Nothing is being cleared. */
  get isIdle(): boolean {
    return this.#clearings.size === 0
  }

  async settled(): Promise<void> {
    await Promise.all(this.#clearings)
  }

  /** Resolves when nothing of it can be read any more; the files go behind, and puts under way do not arrive. */
  clear(scope: Scope, onRemoved: (id: RecordId) => void = () => undefined): Promise<Removed> {
    const clearing = this.#clear(scope, onRemoved).finally(() => this.#clearings.delete(clearing))
    this.#clearings.add(clearing)
    return clearing
  }

  async each(scope: Scope, visit: (listed: Listed) => void): Promise<void> {
    const stints = new Stints(this.#options.clock)
    for (const listed of this.#options.index.list(scope)) {
      if (listed !== undefined) visit(listed)
      if (stints.isUp()) await stints.rest()
    }
  }

  async peek(id: RecordId): Promise<Peeked | undefined> {
    const { index, turns, reader } = this.#options
    const digest = digestOf(id)
    const earlier = turns.latest(digest)
    if (earlier !== undefined) await earlier
    const entry = index.peek(id, digest)
    const listed = index.look(id, digest)
    if (entry === undefined || listed === undefined) return undefined
    try {
      const found = await reader.readHead(digest, entry)
      return found?.id === id && found.record.kind === 'object' ? { head: found.record.head, listed } : undefined
    } catch (error) {
      if (!isMissing(error)) throw error
      return undefined
    }
  }

  async #clear(scope: Scope, onRemoved: (id: RecordId) => void): Promise<Removed> {
    const { index, puts, clock, clearUnknown, condemn } = this.#options
    const isPending = clearUnknown(scope)
    let [entries, bytes] = [0, 0]
    for (const id of puts.clear(scope)) {
      if (index.peek(id) !== undefined) continue // told of when that is found
      entries += 1
      onRemoved(id)
    }
    const stints = new Stints(clock)
    for (const taken of index.take(scope)) {
      if (taken !== undefined) {
        condemn(taken.id, taken.bytes)
        entries += 1
        bytes += taken.bytes
        onRemoved(taken.id)
      }
      if (stints.isUp()) await stints.rest()
    }
    return { entries, bytes, ...(isPending && { isPending }) }
  }
}
