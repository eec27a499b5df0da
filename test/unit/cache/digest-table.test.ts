import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DigestTable } from '../../../src/cache/digest-table.ts'
import { DiskColumns } from '../../../src/cache/disk-columns.ts'
import { none, Slots } from '../../../src/cache/slots.ts'
import { fc } from '../../support/fast-check.ts'

const capacity = 4096

/** A table in which the slots have these digests. */
function createTable(firstOf: (slot: number) => number, secondOf: (slot: number) => number) {
  const slots = new Slots(new Uint32Array(0))
  const columns = new DiskColumns()
  slots.grow(capacity)
  columns.grow(capacity)
  for (let slot = 0; slot < capacity; slot++) {
    slots.hash[slot] = firstOf(slot)
    columns.second[slot] = secondOf(slot)
  }
  const table = new DigestTable(slots, columns)
  const find = (slot: number, isIt = (found: number) => found === slot) =>
    table.find(slots.hash[slot] as number, columns.second[slot] as number, isIt)
  return { slots, table, find }
}

test('nothing is found in an empty table', () => {
  const { find } = createTable(
    (slot) => slot,
    (slot) => slot,
  )
  for (let slot = 0; slot < capacity; slot++) assert.equal(find(slot), none)
})

test('what was added and not removed is found, and nothing else, after any adding and removing', () => {
  // Few digests for many slots: long clusters of equal and of neighbouring homes.
  const digits = fc.record({ firsts: fc.integer({ min: 1, max: 40 }), seconds: fc.integer({ min: 1, max: 40 }) })
  const slotsToToggle = fc.array(fc.nat(199), { maxLength: 600, size: 'max' })
  fc.assert(
    fc.property(digits, slotsToToggle, ({ firsts, seconds }, toggles) => {
      const { table, find } = createTable(
        (slot) => slot % firsts,
        (slot) => slot % seconds,
      )
      const held = new Set<number>()
      for (const slot of toggles) {
        if (held.delete(slot)) table.remove(slot)
        else {
          table.add(slot)
          held.add(slot)
        }
      }
      for (let slot = 0; slot < 200; slot++) assert.equal(find(slot), held.has(slot) ? slot : none)
    }),
  )
})

test('a digest is equal only when both of its halves are', () => {
  for (const halves of [
    { first: () => 7, second: (slot: number) => slot },
    { first: (slot: number) => slot, second: () => 7 },
  ]) {
    const { table, find } = createTable(halves.first, halves.second)
    for (let slot = 0; slot < capacity; slot++) table.add(slot)
    for (let slot = 0; slot < capacity; slot++)
      assert.equal(
        find(slot, () => true),
        slot,
      )
  }
})

test('digests that begin alike do not fall together: a few probes find each', () => {
  const { slots, table, find } = createTable(
    () => 7,
    (slot) => slot << 12,
  )
  for (let slot = 0; slot < capacity; slot++) table.add(slot)
  let probes = 0
  slots.hash = new Proxy(slots.hash, {
    get: (hashes, slot) => {
      probes += 1
      return hashes[slot as unknown as number]
    },
  })
  for (let slot = 0; slot < capacity; slot++) assert.equal(find(slot), slot)
  assert.ok(probes < 6 * capacity, `${probes} probes`) // one to begin with, from `find` of this file
})
