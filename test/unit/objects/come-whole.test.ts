/** Small objects whose bytes come together with their head. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publicAuthorizer } from '../../../src/access/authorizer.ts'
import { createTrace } from '../../../src/base/trace.ts'
import type { RangeSpec } from '../../../src/base/types.ts'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { PurgeLog } from '../../../src/cache/purge-log.ts'
import type { TierGuard } from '../../../src/cache/tier.ts'
import { FlightTable } from '../../../src/objects/flight.ts'
import { Lifetimes } from '../../../src/objects/lifetimes.ts'
import { ObjectOpener } from '../../../src/objects/open-object.ts'
import { UncacheableMemory } from '../../../src/objects/uncacheable-memory.ts'
import type { OpenResult } from '../../../src/objects/wanted.ts'
import { noDirectives } from '../../../src/policy/request-directives.ts'
import { Barrier } from '../../support/barrier.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { faulty } from '../../support/faulty-tier.ts'
import { plentyToFill } from '../../support/plenty-to-fill.ts'
import { cachePolicy } from '../../support/policies.ts'
import { key, never, quiet, sliceBytes, stage as stageRuns } from './rig.ts'

const MiB = 2 ** 20

function stage(slices: number, comesWhole = true, guard?: TierGuard) {
  const on = stageRuns(slices, { comesWhole }, plentyToFill(), guard)
  const purges = new PurgeLog(on.clock, createFakeRandom())
  const policy = cachePolicy({ sliceBytes })
  const site = { origin: on.origin, policy, lifetimes: new Lifetimes(policy, purges) }
  const ports = { ...on, purges, uncacheable: new UncacheableMemory(on.clock), flights: new FlightTable() }
  const opener = new ObjectOpener(ports)
  const open = (range?: RangeSpec) =>
    opener.open({
      ...{ allowed: publicAuthorizer.authorize({ kind: 'anonymous' }), method: 'GET', site, key, mayStore: true },
      ...{ ref: { bucket: 'b', key: 'film', query: '' }, directives: noDirectives, range, signal: never },
      ...{ header: () => undefined, forwarded: () => [], own: createTrace() },
    })
  return { ...on, open }
}

function opened(result: OpenResult) {
  assert.equal(result.kind, 'object')
  return result.object
}

test('a small object that has come is stored and handed out as it is, without a run', async () => {
  const { open, origin, runs, store } = stage(1)
  const [first, second] = await Promise.all([open(), open()])
  for (const object of [opened(first), opened(second)]) assert.deepEqual(object.whole, origin.bytes(0, sliceBytes))
  assert.equal(runs.size, 0)
  assert.equal(origin.openBodies, 0)
  assert.equal(origin.requests, 1)
  assert.ok(await store.has(key.id))
  assert.equal((await open()).how.status, 'hit')
})

for (const [what, slices, comesWhole] of [
  ['a small object that is still on its way', 1, false],
  ['what is longer than a slice, however fast it came,', 2, true],
] as const) {
  test(`${what} is read from a run`, async () => {
    const { open, runs } = stage(slices, comesWhole)
    const object = opened(await open())
    assert.equal(object.whole, undefined)
    assert.equal(runs.size, 1)
    object.release()
  })
}

test('the end of an object is not taken for the whole of it', async () => {
  const { open, origin } = stage(2)
  const object = opened(await open({ start: sliceBytes, end: 2 * sliceBytes }))
  assert.equal(object.whole, undefined)
  const range = { start: sliceBytes, end: 2 * sliceBytes }
  const pieces: Uint8Array[] = []
  for await (const piece of object.read(range, never)) pieces.push(piece)
  assert.deepEqual(Buffer.concat(pieces), Buffer.from(origin.bytes(range.start, range.end)))
  object.release()
})

test('while a tier has much to write, what has come is read from a run, whose memory is counted until it is stored', async (t) => {
  const hold = new Barrier()
  t.after(() => hold.release())
  const { open, store, budget, head } = stage(1, true, (tier) => faulty(tier, { on: ['put'], hold }))
  const other = { kind: 'object', head: { ...head, size: 8 * MiB }, body: new Uint8Array(8 * MiB) } as const
  void store.put(new CacheKey('b', 'other').id, other)
  assert.equal(store.isBehind, true)
  const object = opened(await open())
  assert.equal(object.whole, undefined)
  assert.equal(budget.reservedBytes, sliceBytes)
  object.release()
  hold.release()
  await quiet()
  assert.deepEqual([store.isBehind, budget.reservedBytes], [false, 0])
})
