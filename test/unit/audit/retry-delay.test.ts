import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RetryDelay } from '../../../src/audit/retry-delay.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'

function delayed(floats: readonly number[]) {
  const clock = new FakeClock()
  const delay = new RetryDelay({ firstMs: 1000, longestMs: 60_000 }, { clock, random: createFakeRandom(floats) })
  const measure = async () => {
    const before = clock.monotonicMs()
    let isOver = false
    const waited = delay.wait().then(() => {
      isOver = true
    })
    while (!isOver) await clock.advance(10)
    await waited
    return clock.monotonicMs() - before
  }
  return { clock, delay, measure }
}

test('each wait is twice the one before, up to the longest', async () => {
  const { measure } = delayed([0])
  const waits: number[] = []
  for (let failure = 0; failure < 8; failure++) waits.push(await measure())
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
})

test('half of a wait is chance', async () => {
  assert.equal(await delayed([0.5]).measure(), 750)
  assert.equal(await delayed([0.98]).measure(), 990)
})

test('what works again begins with the shortest wait', async () => {
  const { delay, measure } = delayed([0])
  for (let failure = 0; failure < 3; failure++) await measure()
  delay.reset()
  assert.equal(await measure(), 500)
})

test('a wait that is hurried ends at once, and leaves no alarm', async () => {
  const { clock, delay } = delayed([0])
  const waited = delay.wait()
  delay.hurry()
  await waited
  assert.equal(clock.waiting, 0)
})
