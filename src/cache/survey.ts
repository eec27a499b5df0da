import type { RecordId, TierName } from '../base/types.ts'
import { ObjectCount } from './object-count.ts'
import type { PurgeLog } from './purge-log.ts'
import type { ObjectHead } from './record.ts'
import type { Scope } from './scope.ts'
import { type Listed, type Removed, type StoreEvents, TierUnavailable } from './tier.ts'
import type { Purged } from './tiered-store.ts'
import type { WriteBehind } from './write-behind.ts'

/** An object as it would be found. */
export interface Peeked {
  /** That of the fastest tier. */
  readonly head: ObjectHead
  /** Those that hold a head, the fastest first. */
  readonly tiers: readonly TierName[]
  /** In all of them together. Undefined: nobody counts. */
  readonly hits: number | undefined
  /** What the heads count for, with the bodies that are in them. */
  readonly bytes: number
}

/** Looks over what the tiers hold. A tier that fails has nothing to show, and says so. */
export class Survey {
  readonly #layers: readonly WriteBehind[]
  readonly #purges: PurgeLog
  readonly #events: Pick<StoreEvents, 'failed'>

  constructor(layers: readonly WriteBehind[], purges: PurgeLog, events: Pick<StoreEvents, 'failed'>) {
    this.#layers = layers
    this.#purges = purges
    this.#events = events
  }

  /** Resolves with the tiers that did not tell of all. */
  async each(scope: Scope, visit: (tier: TierName, listed: Listed) => void): Promise<readonly TierName[]> {
    const all = this.#layers.map(async (layer) => {
      const isWhole = await this.#eachOf(layer, scope, (listed) => visit(layer.name, listed))
      return isWhole ? [] : [layer.name]
    })
    return (await Promise.all(all)).flat()
  }

  async count(scope: Scope): Promise<Omit<Purged, 'notKept'>> {
    const objects = new ObjectCount()
    const rows = this.#layers.map(async (layer) => {
      const row = { entries: 0, bytes: 0 }
      const isWhole = await this.#eachOf(layer, scope, ({ id, bytes }) => {
        objects.add(id)
        row.entries += 1
        row.bytes += bytes
      })
      const removed: Removed = isWhole ? row : { ...row, isPending: true }
      return [layer.name, removed] as const
    })
    const counted = await Promise.all(rows)
    return summed(objects.size, counted)
  }

  /** What is purged is not shown. `failed` is told of tiers that did not say. */
  async peek(id: RecordId, failed: (tier: TierName) => void = () => undefined): Promise<Peeked | undefined> {
    const found = (await Promise.all(this.#layers.map((layer) => this.#peekIn(layer, id, failed)))).flat()
    const [first] = found
    if (first === undefined) return undefined
    const counts = found.map(({ listed }) => listed.hits).filter((hits) => hits !== undefined)
    return {
      head: first.head,
      tiers: found.map(({ tier }) => tier),
      hits: counts.length === 0 ? undefined : counts.reduce((sum, hits) => sum + hits, 0),
      bytes: found.reduce((sum, { listed }) => sum + listed.bytes, 0),
    }
  }

  /** One, or none. */
  async #peekIn(layer: WriteBehind, id: RecordId, failed: (tier: TierName) => void) {
    try {
      const seen = await layer.peek(id)
      if (seen === undefined || this.#purges.covers(id, seen.head.tags ?? [], seen.head.requestedAt)) return []
      return [{ ...seen, tier: layer.name }]
    } catch (error) {
      this.#report(layer, error)
      failed(layer.name)
      return []
    }
  }

  /** False: the tier did not tell of all. */
  async #eachOf(layer: WriteBehind, scope: Scope, visit: (listed: Listed) => void): Promise<boolean> {
    try {
      await layer.each(scope, visit)
      return true
    } catch (error) {
      this.#report(layer, error)
      return false
    }
  }

  #report(layer: WriteBehind, error: unknown): void {
    if (!(error instanceof TierUnavailable)) this.#events.failed(layer.name, 'get', error)
  }
}

/** `entries`: of the whole, which is less than the sum where several tiers have the same. */
export function summed(entries: number, rows: readonly (readonly [TierName, Removed])[]): Omit<Purged, 'notKept'> {
  const bytes = rows.reduce((sum, [, row]) => sum + row.bytes, 0)
  const sum = { entries, bytes, tiers: new Map(rows) }
  return rows.some(([, { isPending }]) => isPending) ? { ...sum, isPending: true } : sum
}
