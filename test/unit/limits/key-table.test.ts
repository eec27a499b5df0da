import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from '../../../src/base/random.ts'
import { KeyTable } from '../../../src/limits/key-table.ts'
import { createFakeRandom } from '../../support/fake-random.ts'

/** One set: seven places, and the eighth that is shared. */
const createSet = () => new KeyTable(8, createFakeRandom())
const ownPlaces = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

function charge(table: KeyTable, key: string, freshAtMs: number, nowMs = 0): number {
  const place = table.placeOf(key, nowMs)
  table.freshAtMs[place] = freshAtMs
  table.current[place] = (table.current[place] ?? 0) + 1
  return place
}

test('a key keeps its place while it has a count', () => {
  const table = createSet()
  const places = ownPlaces.map((key) => charge(table, key, 100))
  assert.equal(new Set(places).size, ownPlaces.length)
  const again = ownPlaces.map((key) => table.placeOf(key, 50))
  assert.deepEqual(again, places)
})

test('a place whose count is fresh goes to the next one who comes', () => {
  const table = createSet()
  const places = ownPlaces.map((key, index) => charge(table, key, index === 3 ? 10 : 100))
  assert.equal(table.placeOf('late', 10), places[3])
  assert.equal(table.freshAtMs[places[3] ?? 0], 0)
  assert.equal(table.current[places[3] ?? 0], 0)
})

test('while all places are in use newcomers share one count', () => {
  const table = createSet()
  for (const key of ownPlaces) charge(table, key, 100)
  const shared = charge(table, 'late', 40)
  assert.equal(table.placeOf('later', 0), shared)
  assert.ok(!ownPlaces.some((key) => table.placeOf(key, 0) === shared))
})

test('who leaves the shared count for a place of its own takes all of it along', () => {
  const table = createSet()
  for (const key of ownPlaces) charge(table, key, key === 'a' ? 10 : 100)
  const shared = charge(table, 'late', 40)
  table.previous[shared] = 7
  charge(table, 'later', 60)
  const own = table.placeOf('late', 20)
  assert.notEqual(own, shared)
  assert.deepEqual([table.freshAtMs[own], table.previous[own], table.current[own]], [60, 7, 2])
  assert.equal(table.placeOf('late', 20), own)
})

test('keys spread over all sets, so that half of all places can be in use with hardly one key in a shared one', () => {
  const keys = 2 ** 15
  const table = new KeyTable(2 * keys, systemRandom)
  assert.equal(table.bytes, 24 * 2 * keys)
  let shared = 0
  for (let index = 0; index < keys; index++) {
    const place = charge(table, `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, 100)
    if (place % 8 === 7) shared++
  }
  // By Poisson 2.1 % of the sets have more than seven of four on average; each has some to spare.
  assert.ok(shared < keys * 0.03, `${shared} of ${keys}`)
})

test('two tables do not agree on which keys belong together', () => {
  const sets = [new KeyTable(2 ** 12, systemRandom), new KeyTable(2 ** 12, systemRandom)].map((table) =>
    Array.from({ length: 50 }, (_, index) => Math.floor(table.placeOf(`key ${index}`, 0) / 8)),
  )
  assert.notDeepEqual(sets[0], sets[1])
})
