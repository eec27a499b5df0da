/** Breakers of several threads, told of as one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BreakerState } from '../../../src/base/breaker.ts'
import { HealthOfThreads, healthNewsTo } from '../../../src/workers/origin-health.ts'
import { fc } from '../../support/fast-check.ts'
import { linkedSides } from '../../support/linked-sides.ts'

function stage() {
  const told: string[] = []
  const health = new HealthOfThreads({
    breaker: ({ bucket, replica, state }) => told.push(`${bucket} ${replica} ${state}`),
    origin: ({ bucket, healthy }) => told.push(`${bucket} ${healthy ? 'well' : 'ill'}`),
  })
  const threads = [0, 1, 2].map((thread) => health.calls(thread))
  const breaker = (thread: number, state: BreakerState, replica = 'a', bucket = 'media') =>
    threads[thread]?.breakerChanged({ bucket, replica, state })
  const origin = (thread: number, healthy: boolean, bucket = 'media') =>
    threads[thread]?.originChanged({ bucket, healthy })
  return { told, health, breaker, origin }
}

test('what breakers of several threads do together is told once', () => {
  const { told, breaker, health } = stage()
  breaker(1, 'open')
  breaker(2, 'open')
  breaker(1, 'half-open')
  assert.equal(health.stateOf('media', 'a'), 'open')
  breaker(2, 'half-open')
  breaker(2, 'closed')
  assert.equal(health.stateOf('media', 'a'), 'half-open')
  breaker(1, 'closed')
  breaker(0, 'open', 'b')
  assert.deepEqual(told, ['media a open', 'media a half-open', 'media a closed', 'media b open'])
  assert.deepEqual([health.stateOf('media', 'a'), health.stateOf('other', 'b')], ['closed', 'closed'])
})

test('a bucket is ill from the first thread that asks nobody to the last', () => {
  const { told, origin } = stage()
  origin(1, false)
  origin(2, false)
  origin(0, false, 'other')
  origin(1, true)
  origin(2, true)
  assert.deepEqual(told, ['media ill', 'other ill', 'media well'])
})

test('a thread that has ended keeps nothing alone', () => {
  const { told, breaker, origin, health } = stage()
  breaker(1, 'open')
  breaker(2, 'open', 'b')
  breaker(1, 'open', 'b')
  origin(1, false)
  told.length = 0
  health.ended(1)
  assert.deepEqual(told, ['media a closed', 'media well'])
  assert.deepEqual([health.stateOf('media', 'a'), health.stateOf('media', 'b')], ['closed', 'open'])
})

test('nothing is told of buckets that are no more, and nothing known of them should they come back', () => {
  const { told, breaker, origin, health } = stage()
  breaker(1, 'open')
  origin(1, false)
  breaker(1, 'open', 'a', 'other')
  told.length = 0
  health.keep(['other'])
  assert.deepEqual([told, health.stateOf('media', 'a'), health.stateOf('other', 'a')], [[], 'closed', 'open'])
  origin(2, false)
  assert.deepEqual(told, ['media ill'])
})

test('news cross from thread to thread in their order', async () => {
  const { told, health } = stage()
  using sides = linkedSides(health.calls(1))
  const news = healthNewsTo(sides.near)
  news.breaker({ bucket: 'media', replica: 'a', state: 'open' })
  news.origin({ bucket: 'media', healthy: false })
  news.breaker({ bucket: 'media', replica: 'a', state: 'closed' })
  await sides.settle()
  assert.deepEqual(told, ['media a open', 'media ill', 'media a closed'])
})

test('the state is the worst of all threads, and every change of it is told', () => {
  const states = ['closed', 'half-open', 'open'] as const
  const steps = fc.array(fc.tuple(fc.nat(2), fc.constantFrom(...states, 'ended' as const)), { maxLength: 30 })
  fc.assert(
    fc.property(steps, (chosen) => {
      let told: BreakerState = 'closed'
      const health = new HealthOfThreads({ breaker: ({ state }) => (told = state), origin: () => undefined })
      const threads = [0, 1, 2].map((thread) => health.calls(thread))
      const model: BreakerState[] = ['closed', 'closed', 'closed']
      for (const [thread, state] of chosen) {
        if (state === 'ended') {
          health.ended(thread)
          threads[thread] = health.calls(thread)
        } else threads[thread]?.breakerChanged({ bucket: 'media', replica: 'a', state })
        model[thread] = state === 'ended' ? 'closed' : state
        const worst = states[Math.max(...model.map((one) => states.indexOf(one)))]
        assert.deepEqual([health.stateOf('media', 'a'), told], [worst, worst])
      }
    }),
  )
})
