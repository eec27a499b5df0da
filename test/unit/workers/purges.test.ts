/** Purges that one thread orders or hears of, and another one follows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '../../../src/base/types.ts'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import type { Purge } from '../../../src/cache/purge.ts'
import { PurgeLog } from '../../../src/cache/purge-log.ts'
import { everything, type Scope } from '../../../src/cache/scope.ts'
import { createTieredStore } from '../../../src/cache/tiered-store.ts'
import type { RunTable } from '../../../src/objects/run-table.ts'
import { PurgeAnnouncer, type PurgeCalls, PurgeFollower } from '../../../src/workers/purges.ts'
import { createRemoteTier, tierCalls } from '../../../src/workers/remote-tier.ts'
import { Barrier } from '../../support/barrier.ts'
import { headOf, idOf } from '../../support/cache-records.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { faulty, type TierFaults } from '../../support/faulty-tier.ts'
import { linkedSides } from '../../support/linked-sides.ts'
import { purgeStage } from '../../support/purge-stage.ts'

const a = idOf('a')
const object: Scope = { kind: 'object', id: a }
type Told = Parameters<RunTable['storeNothing']>[0]

/** Two threads over one memory tier, the first of which has a disk tier and leads. */
function stage(faults: Parameters<typeof purgeStage>[0] = {}, around = (calls: PurgeCalls): PurgeCalls => calls) {
  const leader = purgeStage(faults, ['memory', 'disk'])
  const { clock, events } = leader
  const announcer = new PurgeAnnouncer(leader.purges)

  /** A thread that starts now. `remote`: what its way to the disk suffers. */
  function follow(remote: TierFaults = { on: [] }) {
    const purges = new PurgeLog(clock, createFakeRandom())
    const follower = new PurgeFollower(purges)
    const told: Told[] = []
    const calls = follower.calls({ storeNothing: (isPurged) => void told.push(isPurged) })
    const sides = linkedSides(tierCalls([leader.disk]), around(calls))
    follower.adopt(announcer.join(1, sides.far as never))
    void announcer.serves(1)
    const disk = faulty(createRemoteTier('disk', sides.near), remote)
    const tiers = [faulty(leader.memory, { on: [] }), disk].map((tier) => follower.clearedElsewhere(tier))
    return { ...sides, purges, told, store: createTieredStore(tiers, events, clock, purges) }
  }
  return { ...leader, announcer, follow }
}

test('what is in force when a thread starts is in force there', () => {
  const { purges, clock, follow } = stage()
  const scopes: readonly Scope[] = [
    object,
    { kind: 'bucket', bucket: 'other' },
    { kind: 'prefix', start: CacheKey.start('media', 'films/') },
    { kind: 'tag', tag: 'red' },
    { kind: 'tag', bucket: 'third', tag: 'blue' },
  ]
  const ids = [a, idOf('x', 'other'), idOf('films/1'), idOf('x', 'fourth'), idOf('x', 'third'), idOf('b')]
  const tags = [[], [], [], ['red'], ['blue'], ['blue']]
  for (const scope of scopes) purges.order(scope, 'hard')
  purges.order({ kind: 'object', id: idOf('soft') }, 'soft')
  void purges.cutOff({ kind: 'object', id: idOf('cut') })
  using thread = follow()
  const at = clock.now()
  const covered = ids.map((id, index) => thread.purges.covers(id, tags[index] ?? [], at))
  assert.deepEqual(covered, [true, true, true, true, true, false])
  assert.equal(thread.purges.staleSince(idOf('soft'), [], at), at)
  assert.deepEqual(
    [thread.purges.refuses(idOf('cut'), [], at), thread.purges.covers(idOf('cut'), [], at)],
    [true, false],
  )
  void purges.order(everything, 'hard')
  using later = follow()
  assert.ok(later.purges.covers(idOf('b'), [], at))
})

test('nothing is cleared, and no purge answered, before every thread heeds it', async () => {
  const hold = new Barrier()
  const late = (calls: PurgeCalls): PurgeCalls => ({
    ...calls,
    async purgeHeed(purge: Purge) {
      await hold.arrive()
      calls.purgeHeed(purge)
    },
  })
  const { store, memory, objectAt, follow } = stage({}, late)
  using thread = follow()
  await store.put(a, objectAt())
  let isAnswered = false
  const purging = store.purge(object, 'hard').then((purged) => {
    isAnswered = true
    return purged
  })
  await hold.reached
  await thread.settle()
  assert.deepEqual([isAnswered, await memory.has(a)], [false, true])
  hold.release()
  const { entries, notKept } = await purging
  assert.deepEqual({ entries, notKept }, { entries: 1, notKept: [] })
  assert.equal(await memory.has(a), false)
})

for (const [how, purge] of [
  ['ordered', ({ store }) => store.purge(object, 'hard')],
  ['heard of from another proxy', ({ purges, clock }) => purges.arrived(purgeAt(clock.now()))],
  ['found on the disk', ({ purges, clock }) => purges.remembered(purgeAt(clock.now()))],
  ['about to say what it means', ({ store }) => store.cutOff(object)],
] satisfies [string, (leader: ReturnType<typeof stage>) => unknown][]) {
  test(`what another thread asked for before a purge that is ${how} is not stored by it after`, async () => {
    const leader = stage()
    using thread = leader.follow()
    const asked = leader.objectAt()
    await purge(leader)
    await thread.settle()
    await thread.store.put(a, asked)
    assert.deepEqual([await leader.memory.has(a), await leader.disk.has(a)], [false, false])
    leader.clock.stepWallTime(1)
    await thread.store.put(a, leader.objectAt())
    assert.equal(await leader.memory.has(a), true)
  })
}

test('what waits on another thread to be written is not written after the clearing', async () => {
  const hold = new Barrier()
  const { store, disk, objectAt, follow } = stage()
  using thread = follow({ on: ['put'], hold })
  for (let index = 0; index < 70; index++) await thread.store.put(idOf(`${index}`), objectAt())
  await store.purge({ kind: 'bucket', bucket: 'media' }, 'hard')
  hold.release()
  await thread.store.close()
  assert.equal(disk.usage().items, 0)
})

test('what a purge covers is a miss on every thread from the moment it heeds it', async () => {
  const hold = new Barrier()
  // The tier clears at once and answers late, so that what is put meanwhile stands for what it has not come to.
  const { store, memory, objectAt, follow } = stage({ memory: { on: ['clear'], hold } })
  using thread = follow()
  const before = objectAt(1)
  await thread.store.put(a, before)
  const purging = store.purge(object, 'hard')
  await hold.reached
  await memory.put(a, before)
  await thread.settle()
  assert.equal(await thread.store.get(a), undefined)
  await memory.remove(a)
  hold.release()
  await purging
  await thread.settle()
  await memory.put(a, before)
  assert.equal((await thread.store.get(a))?.tier, 'memory', 'memory is believed again once it is clear')
})

test('runs of another thread store nothing of what is purged', async () => {
  const { store, follow } = stage()
  using thread = follow()
  await store.purge({ kind: 'tag', tag: 'red' }, 'soft')
  const isPurged = thread.told.map((judge) =>
    [['red'], ['blue']].map((tags) => judge(new CacheKey('media', 'a'), headOf(1, { tags }))),
  )
  assert.deepEqual(isPurged, [[true, false]])
})

test('a thread that ends while it is told holds nothing up, and is told no more', async () => {
  const deaf = (calls: PurgeCalls): PurgeCalls => ({ ...calls, purgeHeed: () => new Promise(() => {}) as never })
  const { store, announcer, follow } = stage({}, deaf)
  using thread = follow()
  const purging = store.purge(object, 'hard')
  await thread.settle()
  thread.far.close()
  announcer.ended(1)
  assert.deepEqual((await purging).notKept, [])
  await store.purge(object, 'hard')
})

test('a thread forgets purges when the one that leads does, and never by itself', async () => {
  const { purges, clock, follow } = stage()
  using thread = follow()
  const began = clock.now()
  purges.order(object, 'hard')
  purges.order({ kind: 'object', id: idOf('b') }, 'soft')
  const inForce = () => [
    thread.purges.covers(a, [], began),
    thread.purges.staleSince(idOf('b'), [], began) !== undefined,
  ]
  await thread.settle()
  clock.stepWallTime(24 * 60 * 60 * 1000)
  thread.purges.cutOff(everything)
  assert.deepEqual(inForce(), [true, true])
  purges.order({ kind: 'object', id: idOf('c') }, 'hard')
  await thread.settle()
  await thread.settle()
  assert.deepEqual(inForce(), [false, false])
})

function purgeAt(at: EpochMs): Purge {
  return { id: 'another', scope: object, at, kind: 'hard' }
}

test('no purge waits for a thread that begins, which heeds them all before it serves', async () => {
  const { purges } = purgeStage()
  const announcer = new PurgeAnnouncer(purges)
  const heard: string[] = []
  const begun = new Barrier()
  const hear = (what: string) => async () => {
    await begun.arrive()
    heard.push(what)
  }
  using sides = linkedSides({}, { purgeSet: hear('set'), purgeHeed: hear('heed') })
  announcer.join(1, sides.far as never)

  await purges.order(object, 'hard').heeded
  assert.deepEqual(heard, [])
  const serves = announcer.serves(1)
  begun.release()
  await serves

  assert.deepEqual(heard, ['heed'])
})
