import type { RecordId } from '../base/types.ts'

export interface SlowLookup {
  readonly id: RecordId
  isOutdated: boolean
}

/**
 * Look-ups that went past the fastest tier, so that what they bring back is not promoted over something newer:
 *
 *   1. get(id) reads record A from the disk
 *   2. remove(id), or put(id, B), takes effect in every tier
 *   3. the disk's answer arrives: promoting A would bring back what was removed, or replaced
 */
export class SlowLookups {
  readonly #underWay = new Map<RecordId, Set<SlowLookup>>()

  /** Ids that are being looked up. */
  get size(): number {
    return this.#underWay.size
  }

  begin(id: RecordId): SlowLookup {
    const lookup = { id, isOutdated: false }
    const sameId = this.#underWay.get(id)
    if (sameId === undefined) this.#underWay.set(id, new Set([lookup]))
    else sameId.add(lookup)
    return lookup
  }

  /** Whether what the look-up found is still the newest. */
  finish(lookup: SlowLookup): boolean {
    const sameId = this.#underWay.get(lookup.id)
    if (sameId?.delete(lookup) && sameId.size === 0) this.#underWay.delete(lookup.id)
    return !lookup.isOutdated
  }

  outdate(id: RecordId): void {
    for (const lookup of this.#underWay.get(id) ?? []) lookup.isOutdated = true
  }

  outdateWhere(isMeant: (id: RecordId) => boolean): void {
    for (const id of this.#underWay.keys()) if (isMeant(id)) this.outdate(id)
  }
}
