/** Memory that lends its bytes, and overwrites them as soon as they are given back: what another record would do, at the worst time. */

import assert from 'node:assert/strict'
import type { RecordId } from '../../src/base/types.ts'
import type { CacheRecord } from '../../src/cache/record.ts'
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

  assertNoneOpen(): void {
    assert.equal(this.open, 0, `${this.open} of ${this.lent} loans were not given back`)
  }

  #lend(stored: CacheRecord | undefined): Lent | undefined {
    if (stored === undefined) return undefined
    const { record, bytes } = inSharedMemory(stored)
    if (bytes === undefined) return { record, release: () => {} }
    this.lent += 1
    this.open += 1
    let isOpen = true
    const release = () => {
      if (isOpen) this.open -= 1
      isOpen = false
      bytes.fill(poison)
    }
    return { record, release }
  }
}

function inSharedMemory(record: CacheRecord): { readonly record: CacheRecord; readonly bytes?: Uint8Array } {
  if (record.kind === 'object' && record.body !== undefined) {
    const bytes = shared(record.body)
    return { record: { ...record, body: bytes }, bytes }
  }
  if (record.kind !== 'slice') return { record }
  const bytes = shared(record.bytes)
  return { record: { ...record, bytes }, bytes }
}

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}
