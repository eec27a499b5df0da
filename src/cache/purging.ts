import type { RecordId, TierName } from '../base/types.ts'
import { objectOf } from './cache-key.ts'
import { ObjectCount } from './object-count.ts'
import type { Purge } from './purge.ts'
import type { PurgeLog } from './purge-log.ts'
import { covers, type Scope } from './scope.ts'
import type { SlowLookups } from './slow-lookups.ts'
import { type Survey, summed } from './survey.ts'
import type { Removed, StoreEvents } from './tier.ts'
import type { Purged } from './tiered-store.ts'
import type { WriteBehind } from './write-behind.ts'

export interface PurgingPorts {
  readonly layers: readonly WriteBehind[]
  readonly lookups: SlowLookups
  readonly survey: Survey
  readonly purges: PurgeLog
  readonly events: Pick<StoreEvents, 'failed'>
}

/** Has purges take effect in every tier: those ordered here, those that arrive, and soft ones that are about to be forgotten. */
export class Purging {
  readonly #ports: PurgingPorts

  constructor(ports: PurgingPorts) {
    this.#ports = ports
    const { purges, events } = ports
    purges.onArrival((purge, heeded) => void this.#heed(purge, heeded))
    purges.onExpiry((purge) => this.#expire(purge))
    purges.onKeepingFailed((tier, error) => events.failed(tier, 'put', error))
  }

  /** In force when this returns, gone when it resolves. Never rejects. */
  async purge(scope: Scope, kind: Purge['kind']): Promise<Purged> {
    const { purges, survey } = this.#ports
    const { purge, heeded, notKept } = purges.order(scope, kind)
    // What another thread asked the origin for before it knew of the purge would be put behind the clearing.
    if (heeded !== undefined) await heeded
    if (kind === 'soft') {
      const [counted, lost] = await Promise.all([survey.count(scope), notKept])
      return { ...counted, notKept: lost }
    }
    const objects = new ObjectCount()
    const [cleared, lost] = await Promise.all([this.#clear(scope, (id) => objects.add(id)), notKept])
    purges.cleared(purge)
    const rows = cleared.map(([tier, removed]) => [tier, removed ?? nothingYet] as const)
    // A tier that could not be cleared may bring everything back after a restart, unless the purge is written down there.
    const failed = cleared.filter(([tier, removed]) => removed === undefined && !purges.isKeptBy(tier))
    return { ...summed(objects.size, rows), notKept: [...new Set([...lost, ...failed.map(([tier]) => tier)])] }
  }

  #clear(
    scope: Scope,
    onRemoved?: (id: RecordId) => void,
    isMeant: (layer: WriteBehind) => boolean = () => true,
  ): Promise<readonly (readonly [TierName, Removed | undefined])[]> {
    const { layers, lookups } = this.#ports
    lookups.outdateWhere((id) => covers(scope, id))
    return Promise.all(
      layers.filter(isMeant).map(async (layer) => [layer.name, await layer.clear(scope, onRemoved)] as const),
    )
  }

  /** Whoever shares a Redis tells of a purge through it, and clears it. */
  async #heed(purge: Purge, heeded?: Promise<void>): Promise<void> {
    if (heeded !== undefined) await heeded
    if (purge.kind === 'soft') return
    await this.#clear(purge.scope, undefined, ({ name }) => name !== 'redis')
    this.#ports.purges.cleared(purge)
  }

  /** What nobody has confirmed since goes for good. */
  async #expire(purge: Purge): Promise<boolean> {
    const { layers, events } = this.#ports
    let isDone = true
    for (const layer of layers) {
      try {
        await this.#expireIn(layer, purge)
      } catch (error) {
        events.failed(layer.name, 'remove', error)
        isDone = false // the log tries again
      }
    }
    return isDone
  }

  async #expireIn(layer: WriteBehind, { scope, at }: Purge): Promise<void> {
    const ids: RecordId[] = []
    await layer.each(scope, ({ id }) => {
      if (objectOf(id) === id) ids.push(id)
    })
    for (const id of ids) {
      const head = (await layer.peek(id))?.head
      if (head !== undefined && head.requestedAt <= at && covers(scope, id, head.tags)) await layer.remove(id)
    }
  }
}

const nothingYet: Removed = { entries: 0, bytes: 0, isPending: true }
