import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { WriteBounds } from '../../../src/cache/queue-bounds.ts'
import type { CacheRecord } from '../../../src/cache/record.ts'
import { WriteBehind } from '../../../src/cache/write-behind.ts'
import { Barrier } from '../../support/barrier.ts'
import { idOf, objectOf } from '../../support/cache-records.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { faulty } from '../../support/faulty-tier.ts'
import { memoryAs } from '../../support/memory-as.ts'
import { TierEventLog } from '../../support/tier-event-log.ts'

const [a, b, c] = [idOf('a'), idOf('b'), idOf('c')]

/** Room for one record unless told otherwise, whose writing ends when `hold` is released. */
function stage(chosen: Partial<WriteBounds> = {}) {
  const clock = new FakeClock()
  const events = new TierEventLog()
  const memory = memoryAs('disk', events)
  const hold = new Barrier()
  const bounds = { maxRecords: 1, maxBytes: 2 ** 20, writers: 1, writingBytes: 2 ** 20, ...chosen }
  const layer = new WriteBehind(faulty(memory, { on: ['put'], hold }), bounds, events, clock)
  return { clock, events, memory, hold, layer }
}

test('a record that finds no room and may wait gets some in its order, and is read meanwhile', async () => {
  const { layer, memory, events, clock, hold } = stage()
  const decided: string[] = []
  for (const id of [a, b, c]) void layer.offer(id, objectOf(id)).then(() => decided.push(id))
  await hold.reached
  assert.deepEqual(decided, [a])
  for (const id of [b, c]) assert.deepEqual(await layer.get(id), objectOf(id))
  hold.release()
  await turn()
  assert.deepEqual(decided, [a, b, c])
  assert.equal(memory.usage().items, 3)
  assert.deepEqual(events.lines, [])
  assert.equal(clock.waiting, 0)
})

test('a record that has found no room for half a second is dropped, and nothing older is served instead', async () => {
  const { layer, memory, events, clock, hold } = stage()
  await memory.put(b, objectOf('older'))
  void layer.put(a, objectOf('a'))
  const offered = layer.offer(b, objectOf('newer'))
  await clock.advance(499)
  assert.deepEqual(events.lines, [])
  await clock.advance(1)
  await offered
  assert.deepEqual(events.lines, ['disk dropped'])
  assert.equal(await layer.get(b), undefined)
  hold.release()
  await clock.advance(1000)
  await turn()
  assert.equal(await memory.has(b), false)
})

test('what can never find room is dropped at once', async () => {
  const { layer, events } = stage({ maxBytes: 2000 })
  await layer.offer(a, objectOf(4000))
  assert.deepEqual(events.lines, ['disk dropped'])
})

for (const [what, change, left] of [
  ['removed', (layer) => layer.remove(b), undefined],
  ['cleared', (layer) => layer.clear({ kind: 'bucket', bucket: 'media' }), undefined],
  ['replaced', (layer) => layer.offer(b, objectOf('newer')), objectOf('newer')],
] satisfies [string, (layer: WriteBehind) => Promise<unknown>, CacheRecord | undefined][]) {
  test(`a record that is ${what} while it waits for room is not written, and its room is for the next`, async (t) => {
    const { layer, memory, events, clock, hold } = stage()
    const put = t.mock.method(memory, 'put')
    const [older, elsewhere] = [objectOf('older'), idOf('a', 'other')]
    void layer.put(a, objectOf('a'))
    await hold.reached
    const offers = [layer.offer(b, older), layer.offer(elsewhere, objectOf('x'))]
    const changing = change(layer)
    assert.deepEqual(await layer.get(b), left)
    hold.release()
    await Promise.all([...offers, changing])
    await turn()
    assert.ok(put.mock.calls.every(({ arguments: [, record] }) => record !== older))
    assert.deepEqual(await memory.get(b), left)
    assert.ok(await memory.has(elsewhere))
    assert.deepEqual(events.lines, [])
    assert.equal(clock.waiting, 0)
  })
}

test('closing writes what waits for room, too', async () => {
  const { layer, memory, hold } = stage()
  for (const id of [a, b, c]) void layer.offer(id, objectOf(id))
  await hold.reached
  const closing = layer.close(5000)
  hold.release()
  await closing
  assert.equal(memory.usage().items, 3)
})

test('writers take no more bytes at a time than they may, but one record always', async () => {
  const { layer, memory, hold } = stage({ maxRecords: 3, writers: 3, writingBytes: 3000 })
  for (const id of [a, b, c]) void layer.put(id, objectOf(id === a ? 4000 : 1))
  await turn()
  assert.equal(memory.usage().items, 1)
  hold.release()
  await turn()
  assert.equal(memory.usage().items, 3)
})
