import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { systemClock } from '../../../src/base/clock.ts'
import { ProxyError } from '../../../src/base/errors.ts'
import type { Origin, OriginAnswer } from '../../../src/origin/origin.ts'
import { type RetryOptions, withRetry } from '../../../src/origin/origin-guards.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { ask, failsWith, RecordedEvents } from './rig.ts'

const changed: OriginAnswer = { kind: 'changed' }
const slowDown = (retryAfterSeconds?: number) =>
  new ProxyError('SlowDown', 'busy', retryAfterSeconds === undefined ? {} : { retryAfterSeconds })
const unreachable = () => new ProxyError('OriginUnreachable', 'away')

/** An origin that gives these outcomes in turn, and notes when it was asked. */
function retried(
  outcomes: (OriginAnswer | Error | (() => never))[],
  options: Partial<RetryOptions> = {},
  floats = [1],
) {
  const clock = new FakeClock()
  const events = new RecordedEvents()
  const askedAtMs: number[] = []
  const inner: Origin = {
    name: 'films',
    fingerprint: 'f',
    async ask() {
      askedAtMs.push(clock.monotonicMs())
      const outcome = outcomes.shift()
      if (typeof outcome === 'function') return outcome()
      if (outcome === undefined || outcome instanceof Error) throw outcome
      return outcome
    },
    async close() {},
  }
  const retry = { maxAttempts: 3, initialBackoffMs: 100, maxBackoffMs: 1000, ...options }
  const origin = withRetry(inner, retry, { clock, random: createFakeRandom(floats), events })
  return { origin, clock, events, askedAtMs }
}

test('a failure that may pass is asked again after a wait, and told as a successful retry', async () => {
  const { origin, clock, events, askedAtMs } = retried([unreachable(), changed])
  const answer = ask(origin)
  await clock.untilWaiting(1)
  await clock.advance(1000)
  assert.deepEqual(await answer, changed)
  assert.deepEqual(askedAtMs, [0, 100])
  assert.deepEqual(events.retries, ['success'])
})

test('the waits grow twofold up to their bound, and end with the last attempt', async () => {
  const failures = Array.from({ length: 6 }, unreachable)
  const { origin, clock, events, askedAtMs } = retried(failures, { maxAttempts: 6, maxBackoffMs: 500 })
  const outcome = assert.rejects(ask(origin), failsWith('OriginUnreachable'))
  await clock.untilWaiting(1)
  await clock.advance(10_000)
  await outcome
  assert.deepEqual(askedAtMs, [0, 100, 300, 700, 1200, 1700])
  assert.deepEqual(
    events.retries,
    Array.from({ length: 5 }, () => 'failure'),
  )
})

test('the jitter takes any part of the wait', async () => {
  const { origin, clock, askedAtMs } = retried([unreachable(), unreachable(), changed], {}, [0, 0.25])
  const answer = ask(origin)
  await clock.untilWaiting(1)
  await clock.advance(1000)
  await answer
  assert.deepEqual(askedAtMs, [0, 0, 50])
})

test('failures that will not pass are not asked again', async () => {
  for (const code of ['AccessDenied', 'OriginMalformed', 'OriginCredentials', 'OriginRejected'] as const) {
    const { origin, askedAtMs } = retried([new ProxyError(code, 'no'), changed])
    await assert.rejects(ask(origin), failsWith(code))
    assert.equal(askedAtMs.length, 1)
  }
})

test('a mistake in the code is not asked again', async () => {
  const { origin, askedAtMs } = retried([new TypeError('x is undefined'), changed])
  await assert.rejects(ask(origin), TypeError)
  assert.equal(askedAtMs.length, 1)
})

test('a wait the origin asks for is kept to when it is short', async () => {
  const { origin, clock, askedAtMs } = retried([slowDown(1), changed])
  const answer = ask(origin)
  await clock.untilWaiting(1)
  await clock.advance(1000)
  await answer
  assert.deepEqual(askedAtMs, [0, 1000])
})

test('a longer wait the origin asks for is left to the client', async () => {
  const { origin, askedAtMs } = retried([slowDown(2), changed])
  await assert.rejects(ask(origin), { code: 'SlowDown', retryAfterSeconds: 2 })
  assert.equal(askedAtMs.length, 1)
})

test('the signal ends a wait with its reason', async () => {
  const { origin, clock, events, askedAtMs } = retried([unreachable(), changed])
  const gone = new AbortController()
  const answer = ask(origin, { signal: gone.signal })
  await clock.untilWaiting(1)
  gone.abort(new Error('client left'))
  await assert.rejects(answer, { message: 'client left' })
  assert.equal(askedAtMs.length, 1)
  assert.deepEqual(events.retries, [])
})

test('with one attempt there is no retry', async () => {
  const { origin, askedAtMs } = retried([unreachable(), changed], { maxAttempts: 1 })
  await assert.rejects(ask(origin), failsWith('OriginUnreachable'))
  assert.equal(askedAtMs.length, 1)
})

test('with the system clock too the signal’s reason is what a wait ends with', async () => {
  const inner: Origin = { name: 'n', fingerprint: 'f', ask: () => Promise.reject(unreachable()), close: async () => {} }
  const retry = { maxAttempts: 2, initialBackoffMs: 60_000, maxBackoffMs: 60_000 }
  const ports = { clock: systemClock, random: createFakeRandom([1]), events: new RecordedEvents() }
  const gone = new AbortController()
  const answer = ask(withRetry(inner, retry, ports), { signal: gone.signal })
  await turn()
  gone.abort(new Error('client left'))
  await assert.rejects(answer, { message: 'client left' })
})

test('a retry that is given up is neither a success nor a failure', async () => {
  const gone = new AbortController()
  const leave = (): never => {
    gone.abort(new Error('client left'))
    throw gone.signal.reason
  }
  const { origin, clock, events } = retried([unreachable(), leave])
  const answer = assert.rejects(ask(origin, { signal: gone.signal }), { message: 'client left' })
  await clock.untilWaiting(1)
  await clock.advance(1000)
  await answer
  assert.deepEqual(events.retries, [])
})
