import assert from 'node:assert/strict'
import { test } from 'node:test'
import { within } from '../../../src/redis/deadline.ts'
import { RedisFailure } from '../../../src/redis/failure.ts'
import { FakeClock } from '../../support/fake-clock.ts'

test('an operation that ends in time gives what it came to, and leaves no alarm', async () => {
  const clock = new FakeClock()
  assert.equal(await within(clock, 250, async () => 'done'), 'done')
  await assert.rejects(
    within(clock, 250, () => Promise.reject(new Error('its own'))),
    /its own/,
  )
  assert.equal(clock.waiting, 0)
})

test('an operation that takes longer rejects then, and may take no further step', async () => {
  const clock = new FakeClock()
  const step = Promise.withResolvers<void>()
  let later: unknown
  const operation = within(clock, 250, async (deadline) => {
    deadline.requireTime()
    await step.promise
    try {
      deadline.requireTime()
    } catch (error) {
      later = error
    }
  })
  const rejected = assert.rejects(operation, { name: 'RedisFailure', kind: 'deadline' })
  await clock.advance(249)
  await clock.advance(1)
  await rejected
  step.resolve()
  await step.promise
  await Promise.resolve()
  assert.ok(later instanceof RedisFailure)
})

test('what an operation rejects with after its time is nobody’s concern', async () => {
  const clock = new FakeClock()
  const late = Promise.withResolvers<never>()
  const rejected = assert.rejects(
    within(clock, 250, () => late.promise),
    { kind: 'deadline' },
  )
  await clock.advance(250)
  await rejected
  late.reject(new Error('too late'))
})
