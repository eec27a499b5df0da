import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { EpochMs } from '../../../src/base/types.ts'
import { Clearings } from '../../../src/cache/clearings.ts'
import { type Scope, scopeKey } from '../../../src/cache/scope.ts'
import { idOf, objectOf, sliceIdOf } from '../../support/cache-records.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { memoryAs } from '../../support/memory-as.ts'
import { TierEventLog } from '../../support/tier-event-log.ts'

const a = idOf('a')
const objectScope = (object: string): Scope => ({ kind: 'object', id: idOf(object) })
const redScope: Scope = { kind: 'tag', bucket: 'media', tag: 'red' }

/** A tier that cannot be cleared until it is mended. */
function stage() {
  const clock = new FakeClock()
  const events = new TierEventLog()
  const tried: string[] = []
  const state = { isBroken: true }
  const tier = {
    ...memoryAs('disk', events),
    async clear(scope: Scope) {
      tried.push(scopeKey(scope).replace('\n', ' '))
      if (state.isBroken) throw new Error('broken on purpose')
      return { entries: 1, bytes: 1 }
    },
  }
  const clearings = new Clearings(tier, events, clock)
  const storedAt = (agoMs: number, tags: string[] = []) =>
    objectOf('x', { storedAt: (clock.now() - agoMs) as EpochMs, tags })
  const clear = (scope: Scope) => clearings.clear(clearings.doubts.raise(scope))
  return { clock, events, tried, state, clearings, clear, storedAt, doubts: clearings.doubts }
}

test('what is to be cleared is in doubt until it is, if it was stored before and the scope covers it', async () => {
  const { doubts, clearings, storedAt, state } = stage()
  state.isBroken = false
  const doubt = doubts.raise(redScope)
  assert.equal(doubts.concern(a, storedAt(0, ['red'])), true)
  assert.equal(doubts.concern(a, storedAt(0, ['blue'])), false)
  assert.equal(doubts.concern(a, storedAt(-1, ['red'])), false)
  assert.equal(doubts.concern(idOf('a', 'other'), storedAt(0, ['red'])), false)
  assert.deepEqual(
    [doubts.cover(a), doubts.cover(idOf('a', 'other')), doubts.cover(sliceIdOf('a', 0))],
    [true, false, false],
  )
  assert.deepEqual(await clearings.clear(doubt), { entries: 1, bytes: 1 })
  assert.deepEqual([doubts.cover(a), doubts.size], [false, 0])
})

test('what failed is tried again each second, one after the other until one fails, each scope once', async () => {
  const { clock, clear, tried, state, doubts } = stage()
  for (const scope of [objectScope('a'), objectScope('b'), objectScope('a'), redScope]) {
    assert.equal(await clear(scope), undefined)
  }
  assert.equal(doubts.size, 3)
  tried.length = 0
  await clock.advance(1000)
  await turn()
  assert.deepEqual(tried, ['object media:a'])
  state.isBroken = false
  await clock.advance(1000)
  await turn()
  assert.deepEqual(tried.slice(1).sort(), ['object media:a', 'object media:b', 'tag media\nred'])
  assert.deepEqual([doubts.size, clock.waiting], [0, 0])
})

test('the newest of several failures about one scope says until when it is in doubt', async () => {
  const { clock, clear, doubts, storedAt } = stage()
  await clear(objectScope('a'))
  clock.stepWallTime(10)
  await clear(objectScope('a'))
  assert.equal(doubts.concern(a, storedAt(0)), true)
  assert.equal(doubts.concern(a, storedAt(-1)), false)
})

test('more than a thousand doubts become one about everything that was stored until then', async () => {
  const { clock, clear, doubts, storedAt } = stage()
  for (let index = 0; index < 1024; index++) await clear(objectScope(`${index}`))
  assert.equal(doubts.concern(a, storedAt(0)), false)
  await clear(objectScope('one more'))
  assert.equal(doubts.concern(a, storedAt(0)), true)
  assert.equal(doubts.concern(a, storedAt(-1)), false)
  assert.ok(doubts.size <= 2)
  await clock.advance(1000)
  assert.equal(doubts.concern(a, storedAt(1000)), true)
})

test('after closing nothing is tried again', async () => {
  const { clock, clear, clearings, tried } = stage()
  await clear(objectScope('a'))
  clearings.close()
  await clear(objectScope('b'))
  await clock.advance(5000)
  assert.equal(tried.length, 2)
  assert.equal(clock.waiting, 0)
})
