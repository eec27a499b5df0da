import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { EpochMs } from '../../../src/base/types.ts'
import type { WriteBounds } from '../../../src/cache/queue-bounds.ts'
import { everything } from '../../../src/cache/scope.ts'
import { type CacheTier, TierUnavailable } from '../../../src/cache/tier.ts'
import { WriteBehind } from '../../../src/cache/write-behind.ts'
import { Barrier } from '../../support/barrier.ts'
import { idOf, objectOf, sliceIdOf, sliceOf } from '../../support/cache-records.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { faulty, type TierFaults } from '../../support/faulty-tier.ts'
import { memoryAs } from '../../support/memory-as.ts'
import { TierEventLog } from '../../support/tier-event-log.ts'

const [a, b, c] = [idOf('a'), idOf('b'), idOf('c')]
const roomy: WriteBounds = { maxRecords: 100, maxBytes: 2 ** 20, writers: 2, writingBytes: 2 ** 20 }

function stage(faults: TierFaults = {}, bounds: Partial<WriteBounds> = {}) {
  const clock = new FakeClock()
  const events = new TierEventLog()
  const memory = memoryAs('disk', events)
  return over(faulty(memory, faults), memory, clock, events, bounds)
}

function over(
  tier: CacheTier,
  memory: CacheTier,
  clock: FakeClock,
  events: TierEventLog,
  bounds: Partial<WriteBounds>,
) {
  return { clock, events, memory, layer: new WriteBehind(tier, { ...roomy, ...bounds }, events, clock) }
}

/** Fails, or refuses, until it is mended. */
function broken(operations: readonly ('put' | 'remove' | 'clear')[], error: Error = new Error('broken on purpose')) {
  const clock = new FakeClock()
  const events = new TierEventLog()
  const memory = memoryAs('disk', events)
  const calls: string[] = []
  const state = { isBroken: true }
  const tried = <T>(operation: string, act: () => Promise<T>): Promise<T> => {
    if (!operations.includes(operation as 'put')) return act()
    calls.push(operation)
    return state.isBroken ? Promise.reject(error) : act()
  }
  const tier: CacheTier = {
    ...memory,
    put: (id, record) => tried('put', () => memory.put(id, record)),
    remove: (id) => tried('remove', () => memory.remove(id)),
    clear: (scope, onRemoved) => tried('clear', () => memory.clear(scope, onRemoved)),
  }
  const mend = async () => {
    state.isBroken = false
    await clock.advance(1000)
    await turn()
  }
  return { ...over(tier, memory, clock, events, {}), mend, calls }
}

test('what is being written is read from the queue', async () => {
  const hold = new Barrier()
  const { layer, memory } = stage({ on: ['put'], hold }, { writers: 1 })
  for (const id of [a, b]) void layer.put(id, objectOf(id))
  await hold.reached
  assert.deepEqual(await layer.get(b), objectOf(b))
  assert.equal(await layer.has(b), true)
  assert.equal(await memory.has(b), false)
  hold.release()
  await layer.put(b, objectOf('newer'))
  assert.deepEqual(await memory.get(b), objectOf('newer'))
})

test('no more writers work at a time than there are', async () => {
  const hold = new Barrier()
  const { layer, memory } = stage({ on: ['put'], hold })
  for (const id of [a, b, c]) void layer.put(id, objectOf('x'))
  await turn()
  assert.equal(memory.usage().items, 2)
  hold.release()
  await turn()
  assert.equal(memory.usage().items, 3)
})

test('a newer record takes the place of one that waits: the tier never sees the older', async () => {
  const hold = new Barrier()
  const { layer, memory, events } = stage({ on: ['put'], hold }, { writers: 1, maxRecords: 2 })
  void layer.put(a, objectOf('a'))
  const older = layer.put(b, objectOf('older'))
  const newer = layer.put(b, objectOf('newer'))
  hold.release()
  await Promise.all([older, newer])
  assert.deepEqual(await memory.get(b), objectOf('newer'))
  assert.deepEqual(events.lines, [])
})

test('a record that is replaced while it is written is followed by the newer one', async () => {
  const hold = new Barrier()
  const { layer, memory } = stage({ on: ['put'], hold })
  void layer.put(a, objectOf('older'))
  await hold.reached
  const newer = layer.put(a, objectOf('newer'))
  assert.deepEqual(await layer.get(a), objectOf('newer'))
  hold.release()
  await newer
  assert.deepEqual(await memory.get(a), objectOf('newer'))
})

for (const [what, bounds] of [
  ['so many records', { maxRecords: 2 }],
  ['so many bytes', { maxBytes: 5000 }],
] as const) {
  test(`past ${what} the newest is dropped and counted, and nothing older is served instead`, async () => {
    const hold = new Barrier()
    const { layer, memory, events, clock } = stage({ on: ['put'], hold }, { writers: 1, ...bounds })
    await memory.put(c, objectOf('older'))
    for (const id of [a, b, c]) void layer.put(id, objectOf(1500))
    assert.deepEqual(events.lines, ['disk dropped'])
    assert.equal(await layer.get(c), undefined)
    assert.equal(await layer.has(c), false)
    hold.release()
    await turn()
    await clock.advance(1000)
    await turn()
    assert.equal(await memory.has(c), false)
    assert.deepEqual([await memory.has(a), await memory.has(b)], [true, true])
    await layer.put(c, objectOf('again'))
    assert.deepEqual(await layer.get(c), objectOf('again'))
  })
}

test('a removal forgets what waits, comes after what is being written, and waits for nobody else', async () => {
  const hold = new Barrier()
  const { layer, memory } = stage({ on: ['put'], hold }, { writers: 1 })
  await memory.put(c, objectOf('c'))
  const puts = [a, b].map((id) => layer.put(id, objectOf(id)))
  await hold.reached
  const removed = [layer.remove(a), layer.remove(b), layer.remove(c)]
  for (const id of [a, b, c]) assert.equal(await layer.get(id), undefined)
  assert.equal((await removed[2])?.entries, 1)
  hold.release()
  assert.equal((await removed[0])?.entries, 1)
  assert.equal((await removed[1])?.entries, 0)
  await Promise.all(puts)
  assert.equal(memory.usage().items, 0)
})

test('a record put after a removal stays', async () => {
  const hold = new Barrier()
  const { layer, memory } = stage({ on: ['put', 'remove'], hold })
  void layer.put(a, objectOf('older'))
  await hold.reached
  const removing = layer.remove(a)
  const putting = layer.put(a, objectOf('newer'))
  assert.deepEqual(await layer.get(a), objectOf('newer'))
  hold.release()
  await Promise.all([removing, putting])
  assert.deepEqual(await memory.get(a), objectOf('newer'))
})

test('clearing one bucket forgets what waits for it and comes after what is being written', async () => {
  const hold = new Barrier()
  const { layer, memory } = stage({ on: ['put'], hold }, { writers: 2 })
  const other = idOf('a', 'other')
  const [mine, theirs, waiting] = [
    layer.put(a, objectOf('a')),
    layer.put(other, objectOf('o')),
    layer.put(b, objectOf('b')),
  ]
  await hold.reached
  const clearing = layer.clear({ kind: 'bucket', bucket: 'media' })
  for (const id of [a, b]) assert.equal(await layer.get(id), undefined)
  hold.release()
  assert.equal((await clearing)?.entries, 1)
  await Promise.all([mine, theirs, waiting])
  assert.deepEqual([await memory.has(a), await memory.has(b), await memory.has(other)], [false, false, true])
})

test('a promotion gives way to whatever the tier was told itself', async () => {
  const hold = new Barrier()
  const { layer, memory } = stage({ on: ['put'], hold })
  const putting = layer.put(a, objectOf('newer'))
  layer.promote(a, objectOf('older'))
  layer.promote(b, objectOf('older'))
  const removing = layer.remove(b)
  hold.release()
  await Promise.all([putting, removing])
  assert.deepEqual(await memory.get(a), objectOf('newer'))
  assert.equal(await memory.has(b), false)
})

test('a record that could not be written takes the older one with it', async () => {
  const { layer, memory, events, mend } = broken(['put'])
  await memory.put(a, objectOf('older'))
  await layer.put(a, objectOf('newer'))
  assert.deepEqual(events.lines, ['disk failed put'])
  assert.equal(await layer.get(a), undefined)
  await mend()
  assert.equal(await memory.has(a), false)
  assert.equal(await layer.get(a), undefined)
})

test('a removal that fails is owed: nothing of it is served, one is tried each second, and the rest when that works', async () => {
  const { layer, memory, events, mend, calls, clock } = broken(['remove'])
  const ids = [a, b, c]
  for (const id of ids) await memory.put(id, objectOf('x'))
  assert.deepEqual(await Promise.all(ids.map((id) => layer.remove(id))), Array(3).fill({ entries: 0, bytes: 0 }))
  for (const id of ids) assert.equal(await layer.get(id), undefined)
  assert.equal(calls.length, 3)
  await clock.advance(1000)
  await turn()
  assert.equal(calls.length, 4)
  assert.equal(events.count('disk failed remove'), 4)
  await mend()
  assert.equal(calls.length, 7)
  assert.equal(memory.usage().items, 0)
  assert.equal(clock.waiting, 0)
})

test('a record put while its removal is owed is served, and not removed later', async () => {
  const { layer, memory, mend } = broken(['remove'])
  await memory.put(a, objectOf('older'))
  await layer.remove(a)
  await layer.put(a, objectOf('newer'))
  assert.deepEqual(await layer.get(a), objectOf('newer'))
  await mend()
  assert.deepEqual(await memory.get(a), objectOf('newer'))
})

test('while clearing fails nothing stored until then is served, what comes later is, and it is tried again', async () => {
  const { layer, memory, events, mend, clock } = broken(['clear'])
  const at = (storedAt: EpochMs) => objectOf('x', { storedAt })
  await memory.put(a, at(clock.now()))
  await memory.put(idOf('a', 'other'), at(clock.now()))
  assert.equal(await layer.clear({ kind: 'bucket', bucket: 'media' }), undefined)
  assert.deepEqual(events.lines, ['disk failed remove'])
  assert.equal(await layer.get(a), undefined)
  assert.equal(await layer.has(a), false)
  assert.deepEqual(await layer.get(idOf('a', 'other')), at(clock.now()))
  await layer.put(b, at((clock.now() + 1) as EpochMs))
  assert.equal((await layer.get(b))?.kind, 'object')
  await mend()
  assert.equal(await memory.has(a), false)
  await memory.put(a, at(0 as EpochMs))
  assert.equal((await layer.get(a))?.kind, 'object')
})

test('slices are believed while clearing fails: they are read for a head, and by its tag', async () => {
  const { layer, memory } = broken(['clear'])
  const slice = sliceIdOf('a', 0)
  await memory.put(slice, sliceOf('x', 100))
  await layer.clear(everything)
  assert.equal(await layer.has(slice), true)
  assert.deepEqual(await layer.get(slice), sliceOf('x', 100))
})

test('when too many removals are owed everything stored until then is in doubt', async () => {
  const { layer, memory, clock } = broken(['remove'])
  const kept = objectOf('kept', { storedAt: clock.now() })
  await memory.put(a, kept)
  const ids = Array.from({ length: 16_384 }, (_, index) => idOf(`${index}`))
  await Promise.all(ids.map((id) => layer.remove(id)))
  assert.deepEqual(await layer.get(a), kept)
  await layer.remove(b)
  assert.equal(await layer.get(a), undefined)
  await layer.put(a, objectOf('newer', { storedAt: (clock.now() + 1) as EpochMs }))
  assert.notEqual(await layer.get(a), undefined)
})

test('a write that the guard refuses is dropped and not a failure; a removal that it refuses is one, once', async () => {
  const { layer, events, clock } = broken(['put', 'remove'], new TierUnavailable('open'))
  await layer.put(a, objectOf('x'))
  await layer.remove(b)
  await clock.advance(5000)
  assert.deepEqual(events.lines, ['disk dropped', 'disk failed remove'])
})

test('closing writes what waits', async () => {
  const { layer, memory } = stage({}, { writers: 1 })
  for (const id of [a, b, c]) void layer.put(id, objectOf('x'))
  await layer.close(5000)
  assert.equal(memory.usage().items, 3)
})

test('closing does not wait for ever, and says what was lost', async () => {
  const hold = new Barrier()
  const { layer, events, clock } = stage({ on: ['put'], hold }, { writers: 1 })
  for (const id of [a, b]) void layer.put(id, objectOf('x'))
  const closing = layer.close(5000)
  await clock.advance(5000)
  await closing
  assert.deepEqual(events.lines, ['disk dropped'])
  hold.release()
  const owing = broken(['remove'])
  await owing.layer.remove(a)
  await owing.layer.close(5000)
  assert.equal(owing.events.count('disk failed remove'), 3)
  assert.equal(owing.clock.waiting, 0)
})
