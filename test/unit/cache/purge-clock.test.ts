/** When it is not clear what came first: the clock was set back, or nobody knows yet what is meant. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '../../../src/base/types.ts'
import { PurgeLog } from '../../../src/cache/purge-log.ts'
import type { Scope } from '../../../src/cache/scope.ts'
import { idOf } from '../../support/cache-records.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'

const a = idOf('a')
const objectScope = (object: string): Scope => ({ kind: 'object', id: idOf(object) })

function stage() {
  const clock = new FakeClock()
  const log = new PurgeLog(clock, createFakeRandom())
  /** When an exchange began that did so long ago. */
  const ago = (ms: number) => (clock.now() - ms) as EpochMs
  const covers = (agoMs: number, id = a) => log.covers(id, [], ago(agoMs))
  const staleSince = (agoMs: number, id = a) => log.staleSince(id, [], ago(agoMs))
  return { clock, log, ago, covers, staleSince }
}

test('what began at a time that is yet to come is covered by every purge of it: the clock was set back', () => {
  const { clock, log, covers, staleSince } = stage()
  log.order(objectScope('a'), 'hard')
  const { purge } = log.order(objectScope('b'), 'soft')
  assert.deepEqual([covers(-1), covers(-1, idOf('b'))], [true, false])
  assert.deepEqual([staleSince(-1, idOf('b')), staleSince(-1)], [purge.at, undefined])
  clock.stepWallTime(1)
  assert.deepEqual([covers(0), staleSince(0, idOf('b'))], [false, undefined])
})

test('what arrives is heeded also when it seems older than what is known: the clock may have been set back', () => {
  const { clock, log, ago } = stage()
  const heeded: string[] = []
  log.onArrival((purge) => heeded.push(purge.id))
  log.order(objectScope('a'), 'hard')
  clock.stepWallTime(-3_600_000)
  log.arrived({ id: 'news', scope: objectScope('a'), at: ago(0), kind: 'hard' })
  assert.deepEqual(heeded, ['news'])
})

test('what is cut off is refused and not covered: what is stored may stay', () => {
  const { clock, log, ago, covers } = stage()
  const refuses = (agoMs: number, id = a) => log.refuses(id, [], ago(agoMs))
  log.cutOff({ kind: 'bucket', bucket: 'media' })
  clock.stepWallTime(1)
  assert.deepEqual([refuses(1), refuses(0), refuses(1, idOf('a', 'other'))], [true, false, false])
  assert.equal(covers(1), false)
  assert.deepEqual([log.isOutdated(a, [], ago(1)), log.isOutdated(a, [], ago(0))], [true, false])
  log.order(objectScope('a'), 'hard')
  assert.equal(refuses(0), true)
})
