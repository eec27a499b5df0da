import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { Redis } from 'ioredis'
import { createLocalLimiter } from '../../src/limits/local-limiter.ts'
import { type LimitAlgorithm, limitedBy, type Quota, quotaOf } from '../../src/limits/quota.ts'
import type { Charge, Verdict } from '../../src/limits/rate-limiter.ts'
import { limitScript } from '../../src/limits/redis-script.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { createFakeRandom } from '../support/fake-random.ts'
import { fc } from '../support/fast-check.ts'
import { algorithms, limitOf, openTestLimiter } from '../support/rate-limits.ts'
import { startRedis } from '../support/redis-server.ts'
import { eventually } from '../support/redis-tier.ts'
import { rateLimiterContract } from './rate-limiter.contract.ts'

const { url } = await startRedis({ after })
const redis = new Redis(url, { disableClientInfo: true })
after(() => redis.disconnect())

async function serverTimeMs(): Promise<number> {
  const [seconds = 0, microseconds = 0] = (await redis.time()).map(Number)
  return seconds * 1000 + microseconds / 1000
}

rateLimiterContract('redis', async (t, algorithm) => ({
  limiter: await openTestLimiter(t, { url, algorithm, windowMs: 100 }),
  async passTime(ms) {
    const until = (await serverTimeMs()) + ms
    await eventually(async () => (await serverTimeMs()) >= until)
  },
}))

const limits = [limitOf(0.02, 2, 'global'), limitOf(0.01, 3, 'per_ip'), limitOf(0.013, 5, 'per_user')]

/** Requests some seconds apart, each charged to some of the limits. */
const requests = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.nat({ max: 30_000 }), fc.nat({ max: 700_000 })),
    whoOf: fc.array(fc.constantFrom('a', 'b', undefined), { minLength: 3, maxLength: 3 }),
  }),
  { maxLength: 60 },
)

/** The script at whatever time it is told. Keys expire by real time all the same. */
function scriptAt(algorithm: LimitAlgorithm) {
  const { text } = limitScript(algorithm)
  const timed = text.replace("redis.call('TIME')", '{ ARGV[#ARGV], 0 }')
  assert.notEqual(timed, text)
  return async (keys: readonly string[], quotas: readonly Quota[], nowMs: number): Promise<readonly number[]> => {
    const args = [...quotas.flatMap(({ limit, periodMs }) => [limit, periodMs]), nowMs / 1000]
    return (await redis.eval(timed, keys.length, ...keys, ...args)) as number[]
  }
}

for (const algorithm of algorithms) {
  test(`redis, ${algorithm}: the script says at any time what the local limiter says`, async () => {
    const counting = { algorithm, windowMs: 120_000 }
    const runScript = scriptAt(algorithm)
    await fc.assert(
      fc.asyncProperty(requests, async (asked) => {
        const clock = new FakeClock()
        const local = createLocalLimiter({ ...counting, keysPerLimit: 64 }, { clock, random: createFakeRandom() })
        const prefix = `test-${randomUUID()}:`
        for (const { afterMs, whoOf } of asked) {
          await clock.advance(afterMs)
          const charges = whoOf.flatMap((who, index) => chargeOf(index, who))
          const keys = charges.map(({ limit, who }) => `${prefix}${limit.scope}:${who}`)
          const quotas = charges.map(({ limit }) => quotaOf(limit.rate, counting))
          const reply = await runScript(keys, quotas, clock.monotonicMs())
          assert.deepEqual(verdictOf(reply, charges), local.charge(charges))
        }
      }),
      { numRuns: 100 },
    )

    function verdictOf([number, resetMs = 0, waitMs = 0]: readonly number[], charges: readonly Charge[]): Verdict {
      const limit = charges[(number ?? 0) - 1]?.limit
      return limit === undefined
        ? { kind: 'allowed' }
        : limitedBy(limit, quotaOf(limit.rate, counting), waitMs, resetMs)
    }
  })

  test(`redis, ${algorithm}: a clock that is set back keeps nobody out for longer than the limit does`, async () => {
    const runScript = scriptAt(algorithm)
    const [key, quota, nowMs] = [`test-${randomUUID()}`, { limit: 5, periodMs: 60_000 }, 1.75e12]
    const ask = (atMs: number) => runScript([key], [quota], atMs)
    for (let time = 0; time < 5; time++) assert.deepEqual(await ask(nowMs), [])
    const backMs = nowMs - 3_600_000
    const freshAfterMs = algorithm === 'token_bucket' ? 60_000 : 120_000
    assert.equal((await ask(backMs))[1], freshAfterMs)
    for (let time = 0; time < 5; time++) assert.deepEqual(await ask(backMs + freshAfterMs), [])
  })
}

test('redis, token_bucket: times are kept so exactly that who keeps to a high rate passes', async () => {
  const runScript = scriptAt('token_bucket')
  const [key, quota, startMs] = [`test-${randomUUID()}`, { limit: 300, periodMs: 50 }, 1.75e12]
  const passed: boolean[] = []
  // The burst, then one request for each token that comes.
  for (let index = 0; index < 600; index++) {
    const nowMs = startMs + (Math.max(0, index - 299) * quota.periodMs) / quota.limit
    passed.push((await runScript([key], [quota], nowMs)).length === 0)
  }
  // Milliseconds since 1970 are doubles to a quarter of a microsecond.
  assert.ok(passed.filter(Boolean).length >= 598)
})

function chargeOf(index: number, who: string | undefined): readonly Charge[] {
  const limit = limits[index]
  return limit === undefined || who === undefined ? [] : [{ limit, who: index === 0 ? '' : who }]
}
