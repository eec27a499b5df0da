import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { PoolWaits } from '../../../src/assembly/pool-waits.ts'
import { createMetrics } from '../../../src/observe/metrics.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function stage(t: TestContext) {
  const clock = new FakeClock()
  const metrics = createMetrics({ version: '0', node: '0' })
  const waits = new PoolWaits(clock, metrics)
  t.after(() => waits.close())
  return {
    advice: () => waits.adviceFor('b', 50),
    wait: (requests: number, ms: number) => {
      for (let request = 0; request < requests; request++) metrics.originPoolWait.cell('b').observe(ms / 1000)
    },
    async pass(seconds: number) {
      for (let second = 0; second < seconds; second++) await clock.advance(1000)
    },
  }
}

test('a pool whose requests wait should be larger, by as many as wait at a time', async (t) => {
  const { advice, wait, pass } = stage(t)
  await pass(60)
  wait(3000, 100)
  await pass(60)
  assert.equal(
    advice(),
    'raise s3.connection_pool_size from 50 to 55: requests waited 100 ms on average in the last minute',
  )
})

test('what was waited more than a minute ago says nothing', async (t) => {
  const { advice, wait, pass } = stage(t)
  wait(3000, 100)
  await pass(10)
  assert.notEqual(advice(), undefined)
  await pass(60)
  assert.equal(advice(), undefined)
  wait(20, 100)
  assert.match(advice() ?? '', / to 51: /)
})

test('a pool is large enough while waits are short on average, or few', async (t) => {
  const { advice, wait, pass } = stage(t)
  wait(9, 1000)
  assert.equal(advice(), undefined)
  wait(3000, 1)
  await pass(5)
  assert.equal(advice(), undefined)
})
