import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { systemClock } from '../../../src/base/clock.ts'
import { createReplicatedOrigin } from '../../../src/origin/replicated-origin.ts'
import { RetryBudget } from '../../../src/origin/retry-budget.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { answers, type Deed, fails, hangs, object, type StageOptions, stage } from './replica-stage.ts'
import { ask, RecordedEvents, refTo } from './rig.ts'

/** Replica `a` has just been given up; what was asked until then is forgotten. */
async function givenUp(options: StageOptions = {}) {
  const on = stage({ breaker: { failureThreshold: 1 }, ...options })
  on.replica('a').does = fails()
  await ask(on.origin, {}, refTo('first')).catch(() => undefined)
  on.asked()
  /** Time in steps, since what repeats rings once for each. */
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      await on.clock.advance(1000)
      await turn()
    }
  }
  return { ...on, pass }
}

test('a replica that is left alone is tried every five seconds, by a HEAD of what was last asked for', async () => {
  const on = await givenUp()
  await ask(on.origin, {}, refTo('last', 'w=1'))
  on.asked()
  await on.pass(4)
  assert.equal(on.asked(), '')
  await on.pass(1)
  assert.equal(on.asked(), 'a')
  assert.equal(on.replica('a').queries.at(-1)?.method, 'HEAD')
  assert.deepEqual(on.replica('a').refs.at(-1), refTo('last', 'w=1'))
  await on.pass(10)
  assert.equal(on.asked(), 'aa')
  assert.deepEqual(on.events.breakers, ['a open'])
})

test('it is back within ten seconds of its return without a single request, however long its breaker is open', async () => {
  const on = await givenUp()
  await on.pass(12)
  on.replica('a').does = answers()
  await on.pass(10)
  assert.deepEqual(on.events.breakers, ['a open', 'a half-open', 'a closed'])
  on.asked()
  await ask(on.origin)
  assert.equal(on.asked(), 'a')
})

test('a probe and a request are enough under load', async () => {
  const on = await givenUp()
  on.replica('a').does = answers()
  await on.pass(5)
  assert.deepEqual(on.events.breakers, ['a open', 'a half-open'])
  await ask(on.origin)
  assert.deepEqual(on.events.breakers, ['a open', 'a half-open', 'a closed'])
})

test('where a single success is enough, so is a probe', async () => {
  const on = await givenUp({ breaker: { failureThreshold: 1, successThreshold: 1 } })
  on.replica('a').does = answers()
  await on.pass(5)
  assert.deepEqual(on.events.breakers, ['a open', 'a half-open', 'a closed'])
})

test('a bucket with one origin is probed too, though nobody gets through to it', async () => {
  const on = await givenUp({ replicas: 'a' })
  await assert.rejects(ask(on.origin, {}, refTo('refused')), { code: 'CircuitOpen' })
  on.replica('a').does = answers()
  await on.pass(10)
  assert.deepEqual(on.events.breakers, ['a open', 'a half-open', 'a closed'])
  assert.deepEqual(on.replica('a').refs.at(-1), refTo('refused'))
})

const at = { requestedAt: 0 as never, receivedAt: 0 as never }
const signs: readonly (readonly [what: string, deed: Deed, isAlive: boolean])[] = [
  ['an object', answers(object(200)), true],
  ['a 404', answers({ kind: 'missing', code: 'NoSuchKey', ...at }), true],
  ['a 403', fails('AccessDenied'), true],
  ['a 500', fails('OriginError'), false],
  ['a 503', fails('SlowDown'), false],
  ['an error page', answers(object(502)), false],
  ['nonsense', fails('OriginMalformed'), false],
  ['no connection', fails('OriginUnreachable'), false],
  [
    'a mistake of ours',
    () => {
      throw new TypeError('x is undefined')
    },
    false,
  ],
]
for (const [what, deed, isAlive] of signs) {
  test(`${what} is ${isAlive ? 'a' : 'no'} sign of life`, async () => {
    const on = await givenUp()
    on.replica('a').does = deed
    await on.pass(5)
    assert.deepEqual(on.events.breakers, isAlive ? ['a open', 'a half-open'] : ['a open'])
  })
}

test('a probe leaves no body open', async () => {
  const on = await givenUp()
  const probed = object(200)
  on.replica('a').does = answers(probed)
  await on.pass(5)
  assert.ok(!probed.isOpen())
})

test('a probe that hangs makes way for the next, and is not believed afterwards', async () => {
  const on = await givenUp()
  const late = Promise.withResolvers<void>()
  on.replica('a').next.push(async () => {
    await late.promise
    return { kind: 'changed' }
  })
  on.replica('a').does = hangs
  await on.pass(5)
  const signal = on.replica('a').queries.at(-1)?.signal
  await on.pass(5)
  assert.ok(signal?.aborted)
  assert.equal(on.asked(), 'aa')
  late.resolve()
  await on.pass(1)
  assert.deepEqual(on.events.breakers, ['a open'])
})

test('once it is back it is not probed any more', async () => {
  const on = await givenUp()
  on.replica('a').does = answers()
  await on.pass(10)
  on.asked()
  await on.pass(30)
  assert.equal(on.asked(), '')
})

test('one that fails its requests again is left alone and probed again', async () => {
  const on = await givenUp()
  on.replica('a').does = answers()
  await on.pass(5)
  on.replica('a').does = fails()
  await ask(on.origin)
  assert.deepEqual(on.events.breakers, ['a open', 'a half-open', 'a open'])
  on.replica('a').does = answers()
  await on.pass(10)
  assert.equal(on.events.breakers.at(-1), 'a closed')
})

test('closing ends the probes, the one under way too', async () => {
  const on = await givenUp()
  on.replica('a').does = hangs
  await on.pass(5)
  await on.origin.close()
  assert.ok(on.replica('a').queries.at(-1)?.signal.aborted)
  on.asked()
  await on.pass(20)
  assert.equal(on.asked(), '')
})

test('a failure that is told after closing starts no probes', async () => {
  const on = stage({ replicas: 'a', breaker: { failureThreshold: 1 } })
  await on.origin.close()
  on.replica('a').does = fails()
  await ask(on.origin).catch(() => undefined)
  on.asked()
  for (let round = 0; round < 3; round++) await on.clock.advance(5000)
  assert.equal(on.asked(), '')
})

test('probes leave no timer behind', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  const dead = { name: 'a', fingerprint: 'f', waiting: 0, ask: async () => fails()({} as never), close: async () => {} }
  const origin = createReplicatedOrigin(
    {
      bucketName: 'films',
      retry: { maxAttempts: 1, initialBackoffMs: 1, maxBackoffMs: 1 },
      breaker: { failureThreshold: 1, successThreshold: 1, openForMs: 1000, maxProbes: 1 },
    },
    [{ name: '', origin: dead }],
    {
      ...{ clock: systemClock, random: createFakeRandom(), events: new RecordedEvents() },
      budget: new RetryBudget({ share: 0.1, reserve: 0 }, systemClock),
    },
  )
  await ask(origin).catch(() => undefined)
  await origin.close()
  assert.equal(timers(), before)
})
