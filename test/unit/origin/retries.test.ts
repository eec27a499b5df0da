import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { systemClock } from '../../../src/base/clock.ts'
import type { OriginAnswer } from '../../../src/origin/origin.ts'
import { createReplicatedOrigin } from '../../../src/origin/replicated-origin.ts'
import { RetryBudget } from '../../../src/origin/retry-budget.ts'
import { advanceUntil } from '../../support/advance-until.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { answers, changed, type Deed, fails, object, type StageOptions, stage } from './replica-stage.ts'
import { ask, failsWith, RecordedEvents } from './rig.ts'

/** The only replica does these in turn. */
function alone(deeds: readonly Deed[], options: StageOptions = {}) {
  const on = stage({ replicas: 'a', breaker: { failureThreshold: 100 }, ...options })
  on.replica('a').next.push(...deeds)
  on.replica('a').does = fails('InternalError') // one attempt too many
  return on
}

test('a failure that may pass is asked again after a wait, and told as a successful retry', async () => {
  const { origin, inTime, events, askedAtMs } = alone([fails(), answers()])
  assert.deepEqual(await inTime(ask(origin)), changed)
  assert.deepEqual(askedAtMs, [0, 100])
  assert.deepEqual(events.retries, ['success'])
})

test('the waits grow twofold up to their bound, and end with the last attempt', async () => {
  const on = alone(Array(6).fill(fails()), { retry: { maxAttempts: 6, maxBackoffMs: 500 } })
  await assert.rejects(on.inTime(ask(on.origin)), failsWith('OriginUnreachable'))
  assert.deepEqual(on.askedAtMs, [0, 100, 300, 700, 1200, 1700])
  assert.deepEqual(on.events.retries, Array(5).fill('failure'))
})

test('the jitter takes any part of the wait', async () => {
  const { origin, inTime, askedAtMs } = alone([fails(), fails(), answers()], { floats: [0, 0.25] })
  await inTime(ask(origin))
  assert.deepEqual(askedAtMs, [0, 0, 50])
})

for (const code of [
  'AccessDenied',
  'OriginMalformed',
  'OriginCredentials',
  'OriginRejected',
  'OriginRedirect',
] as const) {
  test(`${code} will not pass, and is not asked again`, async () => {
    const { origin, askedAtMs } = alone([fails(code)])
    await assert.rejects(ask(origin), failsWith(code))
    assert.equal(askedAtMs.length, 1)
  })
}

test('a mistake in the code is not asked again', async () => {
  const mistake: Deed = () => {
    throw new TypeError('x is undefined')
  }
  const { origin, askedAtMs } = alone([mistake])
  await assert.rejects(ask(origin), TypeError)
  assert.equal(askedAtMs.length, 1)
})

test('a wait the origin asks for is kept to when it is short', async () => {
  const { origin, inTime, askedAtMs } = alone([fails('SlowDown', 1), answers()])
  await inTime(ask(origin))
  assert.deepEqual(askedAtMs, [0, 1000])
})

test('a longer wait the origin asks for is left to the client', async () => {
  const { origin, askedAtMs } = alone([fails('SlowDown', 2)])
  await assert.rejects(ask(origin), { code: 'SlowDown', retryAfterSeconds: 2 })
  assert.equal(askedAtMs.length, 1)
})

test('the signal ends a wait with its reason', async () => {
  const { origin, clock, events, askedAtMs } = alone([fails(), answers()])
  const gone = new AbortController()
  const answer = ask(origin, { signal: gone.signal })
  await clock.untilWaiting(1)
  gone.abort(new Error('client left'))
  await assert.rejects(answer, { message: 'client left' })
  assert.equal(askedAtMs.length, 1)
  assert.deepEqual(events.retries, [])
})

test('with one attempt there is no retry', async () => {
  const { origin, askedAtMs } = alone([fails()], { retry: { maxAttempts: 1 } })
  await assert.rejects(ask(origin), failsWith('OriginUnreachable'))
  assert.equal(askedAtMs.length, 1)
})

test('without a budget there is no retry, and that is told', async () => {
  const { origin, events, askedAtMs } = alone([fails(), fails()], { reserve: 0 })
  await assert.rejects(ask(origin), failsWith('OriginUnreachable'))
  assert.deepEqual(events.retries, ['denied'])
  assert.equal(askedAtMs.length, 1)
})

test('however many requests fail, an origin is asked at most a tenth more than without retries', async () => {
  const on = alone([], { reserve: 0, floats: [0] })
  let requests = 0
  // Fewer than half of all attempts, or the breaker would open.
  on.replica('a').does = (query) => (requests % 10 > 6 ? fails('OriginError')(query) : changed)
  for (; requests < 500; requests++)
    await advanceUntil(
      on.clock,
      ask(on.origin).catch(() => undefined),
      1,
    )
  assert.ok(on.askedAtMs.length > 525 && on.askedAtMs.length <= 550, `${on.askedAtMs.length} attempts`)
})

test('OPTIONS is asked once', async () => {
  const { origin, askedAtMs } = alone([fails()])
  await assert.rejects(ask(origin, { method: 'OPTIONS' }), failsWith('OriginUnreachable'))
  assert.equal(askedAtMs.length, 1)
})

test('an error page of the 5xx goes to the client as it is', async () => {
  const page = object(503)
  const { origin, askedAtMs } = alone([answers(page)])
  const answer = await ask(origin)
  assert.equal(answer.kind === 'object' && answer.head.status, 503)
  assert.ok(page.isOpen())
  assert.equal(askedAtMs.length, 1)
})

test('with the system clock too the signal’s reason is what a wait ends with', async () => {
  const inner = {
    name: 'a',
    fingerprint: 'f',
    waiting: 0,
    ask: async (): Promise<OriginAnswer> => fails()(query),
    close: async () => {},
  }
  const gone = new AbortController()
  const query = { method: 'GET', signal: gone.signal } as const
  const origin = createReplicatedOrigin(
    {
      bucketName: 'films',
      retry: { maxAttempts: 2, initialBackoffMs: 60_000, maxBackoffMs: 60_000 },
      breaker: { failureThreshold: 5, successThreshold: 1, openForMs: 1, maxProbes: 1 },
    },
    [{ name: '', origin: inner }],
    {
      clock: systemClock,
      random: createFakeRandom([1]),
      events: new RecordedEvents(),
      budget: new RetryBudget({ share: 0, reserve: 9 }, systemClock),
    },
  )
  const answer = ask(origin, query)
  await turn()
  gone.abort(new Error('client left'))
  await assert.rejects(answer, { message: 'client left' })
})

test('a retry that is given up is neither a success nor a failure', async () => {
  const gone = new AbortController()
  const leave: Deed = () => {
    gone.abort(new Error('client left'))
    throw gone.signal.reason
  }
  const { origin, inTime, events } = alone([fails(), leave])
  await assert.rejects(inTime(ask(origin, { signal: gone.signal })), { message: 'client left' })
  assert.deepEqual(events.retries, [])
})
