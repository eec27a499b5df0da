import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WriteBehind } from '../../../src/cache/write-behind.ts'
import { Barrier } from '../../support/barrier.ts'
import { idOf, objectOf } from '../../support/cache-records.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { faulty } from '../../support/faulty-tier.ts'
import { memoryAs } from '../../support/memory-as.ts'
import { TierEventLog } from '../../support/tier-event-log.ts'

const [a, b, c, waiting] = [idOf('a'), idOf('b'), idOf('c'), idOf('waiting')]

test('what is on its way into the tier is listed as well, once, and what is on its way out is not', async () => {
  const [clock, events, hold] = [new FakeClock(), new TierEventLog(), new Barrier()]
  const memory = memoryAs('disk', events)
  for (const id of [a, b]) await memory.put(id, objectOf('older'))
  const bounds = { maxRecords: 9, maxBytes: 2 ** 20, writers: 1, writingBytes: 2 ** 20 }
  const layer = new WriteBehind(faulty(memory, { on: ['put'], hold }), bounds, events, clock)
  for (const id of [a, c, waiting]) void layer.put(id, objectOf('newer'))
  void layer.remove(b)
  const listed: string[] = []
  await layer.each({ kind: 'bucket', bucket: 'media' }, ({ id }) => listed.push(id))
  assert.deepEqual(listed.sort(), [a, c, waiting])
  await layer.each({ kind: 'bucket', bucket: 'other' }, ({ id }) => assert.fail(id))
  hold.release()
})
