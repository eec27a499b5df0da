/** Memory that is only lent, and overwritten as soon as it is given back: what another record would do, at the worst time. */

import assert from 'node:assert/strict'
import type { RecordId } from '../../src/base/types.ts'
import type { Room } from '../../src/cache/body-rooms.ts'
import { bodyOf, type CacheRecord, withBody, withOwnBody } from '../../src/cache/record.ts'
import type { CacheTier, Lent } from '../../src/cache/tier.ts'

/** No test sends this byte. */
const poison = 0xdb

export class Lending {
  /** Given out so far, and not given back yet. */
  lent = 0
  open = 0

  /** A `TierGuard`. Other tiers than memory are left alone. */
  readonly guard = (tier: CacheTier): CacheTier => {
    if (tier.name !== 'memory') return tier
    return Object.assign(tier, { lendNow: (id: RecordId) => this.#lend(tier.getNow?.(id)) })
  }

  /** `Rooms` for slices, of any size, with `copying` around the tier. */
  take(bytes: number): Room {
    return this.#loan(new Uint8Array(new SharedArrayBuffer(bytes)))
  }

  assertNoneOpen(): void {
    assert.equal(this.open, 0, `${this.open} of ${this.lent} loans were not given back`)
  }

  #lend(stored: CacheRecord | undefined): Lent | undefined {
    if (stored === undefined) return undefined
    const body = bodyOf(stored)
    if (body === undefined) return { record: stored, release: () => {} }
    const { bytes, release } = this.#loan(shared(body))
    return { record: withBody(stored, bytes), release }
  }

  #loan(bytes: Uint8Array): Room {
    this.lent += 1
    this.open += 1
    let isOpen = true
    const release = () => {
      if (isOpen) this.open -= 1
      isOpen = false
      bytes.fill(poison)
    }
    return { bytes, release }
  }
}

/** A `TierGuard` that makes a tier copy what is put. */
export function copying(tier: CacheTier): CacheTier {
  const put = tier.put.bind(tier)
  return Object.assign(tier, {
    copiesPuts: true,
    putNow: undefined,
    put: (id: RecordId, record: CacheRecord) => put(id, withOwnBody(record)),
  } as const)
}

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}
