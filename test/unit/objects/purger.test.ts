import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import type { Scope } from '../../../src/cache/scope.ts'
import { type CachedEntry, Inventory } from '../../../src/objects/inventory.ts'
import { Purger } from '../../../src/objects/purger.ts'
import { RunTable } from '../../../src/objects/run-table.ts'
import { idOf } from '../../support/cache-records.ts'
import type { TierFaults, TierOperation } from '../../support/faulty-tier.ts'
import { plentyToFill } from '../../support/plenty-to-fill.ts'
import { purgeStage } from '../../support/purge-stage.ts'
import { quiet } from './rig.ts'

const everything: Scope = { kind: 'all' }
const bucket: Scope = { kind: 'bucket', bucket: 'media' }
const prefix = (start: string): Scope => ({ kind: 'prefix', start: CacheKey.start('media', start) })
const objectScope = (key: string): Scope => ({ kind: 'object', id: idOf(key) })

/** `a` with two queries, one of them in two variants, and `b`: five records of two objects. */
async function stage(faults: TierFaults = {}) {
  const { store, memory, clock, objectAt } = purgeStage({ memory: faults }, ['memory'])
  const purger = new Purger({
    looked: async () => {},
    ...{ store, clock, runs: new RunTable({ store, clock, budget: plentyToFill() }) },
    inventory: new Inventory(store, new Map()),
  })
  const query = new CacheKey('media', 'a', 'w=1')
  const ids = [query.withVariant('x').id, query.withVariant('y').id, new CacheKey('media', 'a', 'w=2').id]
  for (const id of [...ids, idOf('a'), idOf('b')]) await store.put(id, objectAt())
  await clock.advance(1)
  return { purger, store, memory, clock, objectAt }
}

const any = () => true
const queries = ({ key }: CachedEntry) => key.query !== ''

for (const [title, matches, entries, records] of [
  ['everything', any, 2, 5],
  ['queries alone', queries, 1, 3],
  ['an object with its queries', ({ key }: CachedEntry) => key.object === 'a', 1, 4],
] as const) {
  test(`a filter that selects ${title} finds each object and each record once`, async () => {
    const { purger, memory } = await stage()
    for (const kind of [undefined, 'soft', 'hard'] as const) {
      const { entries: found, tiers } = await purger.where(everything, matches, kind)
      assert.deepEqual([found, tiers.get('memory')?.entries], [entries, records])
    }
    assert.equal(memory.usage().items, 5 - records)
  })
}

for (const [title, scopes, entries, records] of [
  ['objects', [objectScope('a'), objectScope('b')], 2, 5],
  ['the same object twice', [objectScope('a'), objectScope('a')], 1, 4],
  ['a bucket and an object in it', [bucket, objectScope('b')], 2, 5],
  ['a prefix and an object under it', [prefix(''), objectScope('a')], 2, 5],
  ['a prefix and another one under it', [prefix(''), prefix('a')], 2, 5],
  ['no scope at all', [], 0, undefined],
] as const) {
  test(`${title}: what several scopes cover counts once`, async () => {
    const { purger } = await stage()
    const counts = [await purger.count(scopes), await purger.purge(scopes, 'soft'), await purger.purge(scopes, 'hard')]
    for (const { entries: found, tiers } of counts) {
      assert.deepEqual([found, tiers.get('memory')?.entries], [entries, records])
    }
  })
}

test('others get their turn while many entries are held against a filter', async () => {
  const { purger, store, objectAt } = await stage()
  for (let index = 0; index < 2000; index++) await store.put(idOf(`films/${index}`), objectAt())
  let turns = 0
  let isOver = false
  const looking = purger
    .where(everything, () => false, undefined)
    .then(() => {
      isOver = true
    })
  while (!isOver) {
    await turn()
    turns += 1
  }
  await looking
  assert.ok(turns >= 5, `${turns}`)
})

for (const operation of ['each', 'peek'] satisfies TierOperation[]) {
  test(`nothing is promised for a tier that does not say what it has: ${operation} fails`, async () => {
    const { purger } = await stage({ on: [operation], failEvery: 1 })
    assert.deepEqual((await purger.where(everything, any, 'hard')).notKept, ['memory'])
  })
}

test('a filter that purges keeps out what is being asked for; one that counts does not', async () => {
  const { purger, store, memory, clock, objectAt } = await stage()
  await purger.where(bucket, () => false, undefined)
  await store.put(idOf('counted'), objectAt())
  await purger.where(bucket, () => false, 'soft')
  await store.put(idOf('purged'), objectAt())
  await clock.advance(1)
  await store.put(idOf('later'), objectAt())
  const there = ['b', 'counted', 'purged', 'later'].map((key) => memory.has(idOf(key)))
  assert.deepEqual(await Promise.all(there), [true, true, false, true])
})

test('a purge is answered in the millisecond after it: who asks the origin then has asked after it', async () => {
  for (const kind of ['hard', 'soft'] as const) {
    const { purger, clock } = await stage()
    let answers = 0
    const both = [purger.purge([objectScope('a')], kind), purger.where(bucket, any, kind)]
    for (const one of both) void one.then(() => answers++)
    await quiet()
    assert.equal(answers, 0)
    await clock.advance(1)
    await quiet()
    assert.equal(answers, 2)
  }
})
