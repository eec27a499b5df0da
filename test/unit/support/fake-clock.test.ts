import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../support/fake-clock.ts'

test('alarms ring in the order they fall due, each at its own time', async () => {
  const clock = new FakeClock()
  const rung: string[] = []
  for (const ms of [30, 10, 20, 10]) clock.alarm(ms, () => rung.push(`${ms} at ${clock.monotonicMs()}`))
  await clock.advance(25)
  assert.deepEqual(rung, ['10 at 10', '10 at 10', '20 at 20'])
  assert.equal(clock.monotonicMs(), 25)
  assert.equal(clock.waiting, 1)
})

test('what an alarm sets in motion runs before the next one, and sleeps again within the same advance', async () => {
  const clock = new FakeClock()
  const woken: number[] = []
  const sleeper = (async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      await clock.sleep(10)
      woken.push(clock.monotonicMs())
    }
  })()
  await clock.advance(30)
  await sleeper
  assert.deepEqual(woken, [10, 20, 30])
})

test('an alarm that was called off does not ring', async () => {
  const clock = new FakeClock()
  const callOff = clock.alarm(5, () => assert.fail('rang'))
  callOff()
  await clock.advance(10)
  assert.equal(clock.waiting, 0)
})

test('an aborted sleep rejects with the reason and leaves no alarm behind', async () => {
  const clock = new FakeClock()
  const abort = new AbortController()
  const slept = clock.sleep(1000, abort.signal)
  abort.abort(new Error('enough'))
  await assert.rejects(slept, /enough/)
  assert.equal(clock.waiting, 0)
  await assert.rejects(clock.sleep(1000, abort.signal), /enough/)
})

test('time has moved at once when nothing is due', () => {
  const clock = new FakeClock(1000)
  void clock.advance(500)
  assert.equal(clock.now(), 1500)
})

test('a step of wall time leaves monotonic time alone', () => {
  const clock = new FakeClock(1000)
  clock.stepWallTime(-400)
  assert.equal(clock.now(), 600)
  assert.equal(clock.monotonicMs(), 0)
})

test('one can wait until something waits for the clock', async () => {
  const clock = new FakeClock()
  const waited = clock.untilWaiting(2)
  clock.alarm(1, () => undefined)
  clock.alarm(2, () => undefined)
  await waited
})
