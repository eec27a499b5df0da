import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RedisClock } from '../../../src/cache/redis-clock.ts'
import { FakeClock } from '../../support/fake-clock.ts'

interface Trip {
  readonly outMs: number
  readonly backMs: number
}

/** A server whose clock is `aheadMs` ahead of ours, as far away as `trips` say: one for each question, the last for all others. */
function serverOf(clock: FakeClock, aheadMs: number, trips: readonly Trip[]) {
  const server = {
    asked: 0,
    aheadMs,
    isThere: true,
    async ask(): Promise<number> {
      const trip = trips[Math.min(server.asked++, trips.length - 1)] ?? { outMs: 0, backMs: 0 }
      await clock.advance(trip.outMs)
      const answer = clock.now() + server.aheadMs
      await clock.advance(trip.backMs)
      if (!server.isThere) throw new Error('gone')
      return answer
    },
  }
  return server
}

const near = [{ outMs: 0, backMs: 0 }]

test('the offset is that of the shortest of a few round trips, halved', async () => {
  const clock = new FakeClock()
  const server = serverOf(clock, 90_000, [
    { outMs: 400, backMs: 0 },
    { outMs: 20, backMs: 24 },
    { outMs: 0, backMs: 300 },
  ])
  const redisClock = new RedisClock(server.ask, clock)
  await redisClock.measure()
  assert.equal(server.asked, 3)
  assert.ok(Math.abs(redisClock.shiftMs - 90_000) <= 3, `${redisClock.shiftMs}`)
})

test('the error is never over half a second: a longer round trip tells nothing', async () => {
  const clock = new FakeClock()
  const redisClock = new RedisClock(serverOf(clock, 0, [{ outMs: 1001, backMs: 0 }]).ask, clock)
  await redisClock.measure()
  assert.throws(() => redisClock.shiftMs, { name: 'RedisFailure', kind: 'not-connected' })
})

test('before the first answer the offset is not known', () => {
  const clock = new FakeClock()
  const redisClock = new RedisClock(serverOf(clock, 5, near).ask, clock)
  assert.throws(() => redisClock.shiftMs, { name: 'RedisFailure' })
})

test('it is measured again each minute', async () => {
  const clock = new FakeClock()
  const server = serverOf(clock, 5000, near)
  const redisClock = new RedisClock(server.ask, clock)
  await redisClock.measure()
  server.aheadMs = 7000
  await clock.advance(60_000)
  assert.equal(server.asked, 4)
  await redisClock.measure() // the one under way
  assert.equal(server.asked, 6)
  assert.equal(redisClock.shiftMs, 7000)
})

test('a measurement that agrees with the offset leaves it as it is', async () => {
  const clock = new FakeClock()
  const server = serverOf(clock, 5000, [
    { outMs: 0, backMs: 0 },
    { outMs: 0, backMs: 0 },
    { outMs: 0, backMs: 0 },
    { outMs: 0, backMs: 40 },
  ])
  const redisClock = new RedisClock(server.ask, clock)
  await redisClock.measure()
  await redisClock.measure()
  assert.equal(server.asked, 6)
  assert.equal(redisClock.shiftMs, 5000)
})

for (const stepMs of [60_000, -60_000]) {
  test(`when our own clock steps by ${stepMs} ms the offset is unknown until it is measured again`, async () => {
    const clock = new FakeClock()
    const server = serverOf(clock, 5000, near)
    const redisClock = new RedisClock(server.ask, clock)
    await redisClock.measure()
    clock.stepWallTime(stepMs)
    server.aheadMs -= stepMs
    assert.throws(() => redisClock.shiftMs, { name: 'RedisFailure' })
    await redisClock.measure()
    assert.equal(redisClock.shiftMs, 5000 - stepMs)
  })
}

test('without an answer the offset stays for a few minutes, and no longer', async () => {
  const clock = new FakeClock()
  const server = serverOf(clock, 5000, near)
  const redisClock = new RedisClock(server.ask, clock)
  await redisClock.measure()
  server.isThere = false
  await clock.advance(60_000)
  await redisClock.measure()
  assert.equal(redisClock.shiftMs, 5000)
  await clock.advance(4 * 60_000)
  await redisClock.measure()
  assert.throws(() => redisClock.shiftMs, { name: 'RedisFailure' })
})

test('an answer that comes after the connection was lost does not count', async () => {
  const clock = new FakeClock()
  const answers: ((ms: number) => void)[] = []
  const redisClock = new RedisClock(() => new Promise((resolve) => answers.push(resolve)), clock)
  const measured = redisClock.measure()
  redisClock.forget()
  answers[0]?.(clock.now() + 5000)
  await measured
  assert.throws(() => redisClock.shiftMs, { name: 'RedisFailure' })
})
