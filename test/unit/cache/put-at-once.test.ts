import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { RecordId } from '../../../src/base/types.ts'
import type { WriteBounds } from '../../../src/cache/queue-bounds.ts'
import { bodyOf, type CacheRecord } from '../../../src/cache/record.ts'
import type { CacheTier } from '../../../src/cache/tier.ts'
import { WriteBehind } from '../../../src/cache/write-behind.ts'
import { idOf, objectOf } from '../../support/cache-records.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { memoryAs } from '../../support/memory-as.ts'
import { TierEventLog } from '../../support/tier-event-log.ts'

const a = idOf('a')
const roomy: WriteBounds = { maxRecords: 100, maxBytes: 2 ** 20, writers: 2, writingBytes: 2 ** 20 }

/** A tier that puts at once and fails at one operation until it is mended. */
function failingAt(operation: 'put' | 'remove', more: Pick<CacheTier, 'copiesPuts'> = {}) {
  const clock = new FakeClock()
  const events = new TierEventLog()
  const memory = memoryAs('disk', events)
  let isBroken = true
  const expectWorking = (tried: 'put' | 'remove') => {
    if (isBroken && tried === operation) throw new Error('broken on purpose')
  }
  const tier: CacheTier = {
    ...{ ...memory, ...more },
    putNow(id: RecordId, record: CacheRecord) {
      expectWorking('put')
      void memory.put(id, record)
    },
    async put(id, record) {
      expectWorking('put')
      await memory.put(id, record)
    },
    async remove(id) {
      expectWorking('remove')
      return memory.remove(id)
    },
  }
  const mend = async () => {
    isBroken = false
    await clock.advance(1000)
    await turn()
  }
  return { events, memory, mend, layer: new WriteBehind(tier, roomy, events, clock) }
}

test('a tier that puts at once is not queued for, unless something older is still to be done', async () => {
  const { layer, memory, mend } = failingAt('remove')
  assert.equal(layer.put(a, objectOf('first')), undefined)
  assert.deepEqual(await memory.get(a), objectOf('first'))
  await layer.remove(a)
  const inTurn = layer.put(a, objectOf('second'))
  assert.ok(inTurn instanceof Promise)
  await inTurn
  await mend()
  assert.deepEqual(await memory.get(a), objectOf('second'))
})

test('what waits for a tier that copies what is put has been copied', async () => {
  const { layer, memory } = failingAt('remove', { copiesPuts: true })
  await layer.remove(a)
  const given = objectOf('given')
  const inTurn = layer.put(a, given)
  bodyOf(given)?.fill(0)
  assert.deepEqual(await layer.get(a), objectOf('given'))
  await inTurn
  assert.deepEqual(await memory.get(a), objectOf('given'))
})

test('what could not be put at once goes the way of other failures', async () => {
  const { layer, memory, events, mend } = failingAt('put')
  await memory.put(a, objectOf('older'))
  await layer.put(a, objectOf('newer'))
  assert.deepEqual(events.lines, ['disk failed put'])
  assert.equal(await layer.get(a), undefined)
  await mend()
  assert.equal(await memory.has(a), false)
})
