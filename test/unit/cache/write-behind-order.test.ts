/** A tier that takes its time before it begins, so that what is written first may be there last. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { WriteBounds } from '../../../src/cache/queue-bounds.ts'
import { everything } from '../../../src/cache/scope.ts'
import { WriteBehind } from '../../../src/cache/write-behind.ts'
import { Barrier } from '../../support/barrier.ts'
import { idOf, objectOf } from '../../support/cache-records.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { memoryAs } from '../../support/memory-as.ts'
import { TierEventLog } from '../../support/tier-event-log.ts'

const [a, b, c] = [idOf('a'), idOf('b'), idOf('c')]

/** The first puts wait at these barriers, one each, before they take effect. */
function stage(barriers: readonly Barrier[], bounds: Partial<WriteBounds> = {}) {
  const events = new TierEventLog()
  const memory = memoryAs('disk', events)
  const left = [...barriers]
  const tier = {
    ...memory,
    put: async (...args: Parameters<typeof memory.put>) => {
      await left.shift()?.arrive()
      await memory.put(...args)
    },
  }
  const layer = new WriteBehind(
    tier,
    { maxRecords: 2, maxBytes: 2 ** 20, writers: 4, writingBytes: 2 ** 20, ...bounds },
    events,
    new FakeClock(),
  )
  return { layer, memory, events }
}

test('two records for one id are never written at once', async () => {
  const first = new Barrier()
  const { layer, memory } = stage([first])
  const older = layer.put(a, objectOf('older'))
  const newer = layer.put(a, objectOf('newer'))
  await turn()
  first.release()
  await Promise.all([older, newer])
  assert.deepEqual(await memory.get(a), objectOf('newer'))
})

test('a clearing comes after what is being written', async () => {
  const first = new Barrier()
  const { layer, memory } = stage([first])
  const putting = layer.put(a, objectOf('a'))
  const clearing = layer.clear(everything)
  await turn()
  first.release()
  await Promise.all([putting, clearing])
  assert.equal(memory.usage().items, 0)
})

test('a removal that waited for a write goes before other writes', async () => {
  const [first, second] = [new Barrier(), new Barrier()]
  const { layer, memory } = stage([first, second], { writers: 1 })
  void layer.put(a, objectOf('a'))
  void layer.put(b, objectOf('b'))
  const removing = layer.remove(a)
  first.release()
  assert.equal((await removing).entries, 1)
  assert.equal(memory.usage().items, 0)
  second.release()
})

test('a removal gives back the room of the record that waited', async () => {
  const first = new Barrier()
  const { layer, memory, events } = stage([first], { writers: 1 })
  void layer.put(a, objectOf('a'))
  const putting = layer.put(b, objectOf('b'))
  await layer.remove(b)
  await putting
  const last = layer.put(c, objectOf('c'))
  first.release()
  await last
  assert.deepEqual(events.lines, [])
  assert.equal(memory.usage().items, 2)
})
