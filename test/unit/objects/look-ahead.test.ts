import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { RecordStore } from '../../../src/cache/tiered-store.ts'
import { RunTable } from '../../../src/objects/run-table.ts'
import { StoredObject } from '../../../src/objects/stored-object.ts'
import type { Origin } from '../../../src/origin/origin.ts'
import { plentyToFill } from '../../support/plenty-to-fill.ts'
import { key, never, sliceBytes, stage } from './rig.ts'

/** How many slices were asked for at once, each time, by a reader of the whole object whose slice `cached` is stored. */
async function lookedAhead(slices: number, cached?: number) {
  const { clock, origin, store, head } = stage(slices)
  if (cached !== undefined)
    await store.put(key.sliceId(cached), {
      kind: 'slice',
      etag: head.etag,
      objectSize: head.size,
      bytes: origin.bytes(cached * sliceBytes, (cached + 1) * sliceBytes),
    })
  const batches: number[] = []
  let asked = 0
  const counting: RecordStore = {
    get: (id) => store.get(id),
    lend: (id) => store.lend(id),
    put: (id, record) => store.put(id, record),
    remove: (id) => store.remove(id),
    purge: (scope, kind) => store.purge(scope, kind),
    count: (scope) => store.count(scope),
    cutOff: (scope) => store.cutOff(scope),
    each: (scope, visit) => store.each(scope, visit),
    peek: (id) => store.peek(id),
    usage: () => store.usage(),
    writes: () => store.writes(),
    ...{ isBehind: false, copiesPuts: false },
    close: () => store.close(),
    readerCame: (id) => store.readerCame(id),
    readerLeft: (id) => store.readerLeft(id),
    has: async (id) => {
      const isFirst = asked === 0
      asked++
      await turn()
      if (isFirst) {
        batches.push(asked)
        asked = 0
      }
      return store.has(id)
    },
  }
  const runs = new RunTable({ store: counting, clock, budget: plentyToFill() })
  const ref = { bucket: 'b', key: 'film', query: '' }
  const ranges: unknown[] = []
  const listening: Origin = {
    name: origin.name,
    fingerprint: origin.fingerprint,
    waiting: 0,
    ask: (wanted, query) => {
      ranges.push(query.range)
      return origin.ask(wanted, query)
    },
    close: async () => {},
  }
  const spec = { key, head, whole: undefined, ref, origin: listening, forwarded: [], isLeader: false }
  const object = new StoredObject(spec, { store: counting, runs, clock })
  await object.prepare({ start: 0, end: head.size }, never)
  object.release()
  await runs.close()
  return { batches, range: ranges[0] }
}

test('a reader looks ahead in steps of 64 slices, each asked for together', async () => {
  const { batches, range } = await lookedAhead(200)
  assert.deepEqual(batches, [64, 64, 64, 7])
  assert.deepEqual(range, { start: 0, end: 200 * sliceBytes })
})

test('it stops looking at the first step with a slice that is cached, and fetches what lies before it', async () => {
  for (const cached of [1, 64, 65]) {
    const { batches, range } = await lookedAhead(200, cached)
    assert.deepEqual(batches, cached > 64 ? [64, 64] : [64])
    assert.deepEqual(range, { start: 0, end: cached * sliceBytes })
  }
})
