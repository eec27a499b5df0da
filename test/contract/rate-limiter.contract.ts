import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { LimitAlgorithm } from '../../src/limits/quota.ts'
import type { RateLimiter } from '../../src/limits/rate-limiter.ts'
import { algorithms, countAllowed, fixedLimit, isAllowed, limitOf } from '../support/rate-limits.ts'

export interface LimiterUnderTest {
  readonly limiter: RateLimiter
  /** Resolves when that much time has passed for the limiter. */
  passTime(ms: number): Promise<void>
}

/** Nobody has been charged yet. */
export type MakeLimiter = (t: TestContext, algorithm: LimitAlgorithm) => LimiterUnderTest | Promise<LimiterUnderTest>

/** What every limiter promises, whoever keeps count. */
export function rateLimiterContract(name: string, make: MakeLimiter): void {
  for (const algorithm of algorithms) {
    const check = (promise: string, run: (made: LimiterUnderTest) => Promise<void>) =>
      test(`${name}, ${algorithm}: ${promise}`, async (t) => run(await make(t, algorithm)))

    check(
      'as many pass at once as the burst says, and the next one is told when to come again',
      async ({ limiter }) => {
        const charge = { limit: fixedLimit(20), who: '192.0.2.1' }
        assert.equal(await countAllowed(limiter, 25, charge), 20)
        const verdict = await limiter.charge([charge])
        assert.ok(verdict.kind === 'limited')
        const { retryAfterSeconds, resetSeconds, ...told } = verdict
        assert.deepEqual(told, { kind: 'limited', scope: 'per_ip', limit: 20, remaining: 0 })
        // A bucket gains a token in 50 s; a window begins to fade after 1000 s, and has faded after 2000 s.
        const expected = algorithm === 'token_bucket' ? [50, 1000] : [1000, 2000]
        for (const [index, seconds] of [retryAfterSeconds, resetSeconds].entries()) {
          assert.ok(Number.isInteger(seconds) && Math.abs(seconds - (expected[index] ?? 0)) <= 5, `${seconds}`)
        }
      },
    )

    check('a look tells what is left and charges nothing, and a reset gives it back', async ({ limiter, passTime }) => {
      const charge = { limit: fixedLimit(20), who: '192.0.2.9' }
      assert.deepEqual(await limiter.look(charge), { limit: 20, remaining: 20, resetSeconds: 0 })
      assert.equal(await countAllowed(limiter, 15, charge), 15)
      for (let look = 0; look < 3; look++) assert.equal((await limiter.look(charge)).remaining, 5)
      assert.ok((await limiter.look(charge)).resetSeconds > 700)
      assert.equal((await limiter.look({ ...charge, who: '192.0.2.10' })).remaining, 20)
      assert.equal(await countAllowed(limiter, 25, charge), 5)
      assert.equal((await limiter.look(charge)).remaining, 0)
      await passTime(1)
      await limiter.reset(charge)
      assert.deepEqual(await limiter.look(charge), { limit: 20, remaining: 20, resetSeconds: 0 })
      assert.equal(await countAllowed(limiter, 25, charge), 20)
    })

    check('a request is charged to all of its limits or to none', async ({ limiter }) => {
      const [everybody, address] = [fixedLimit(3, 'global'), fixedLimit(1, 'per_ip')]
      const from = (who: string) => [
        { limit: everybody, who: '' },
        { limit: address, who },
      ]
      const passed: boolean[] = []
      for (const who of ['a', 'a', 'a', 'b', 'c', 'd']) passed.push(await isAllowed(limiter, ...from(who)))
      assert.deepEqual(passed, [true, false, false, true, true, false])
      assert.ok(await isAllowed(limiter, { limit: address, who: 'd' }))
    })

    check('of several limits the one is told that makes wait longest', async ({ limiter }) => {
      const charges = [
        { limit: limitOf(0.01, 1, 'global'), who: '' },
        { limit: limitOf(0.001, 1, 'per_ip'), who: 'a' },
        { limit: limitOf(0.005, 1, 'per_user'), who: 'anna' },
      ]
      assert.ok(await isAllowed(limiter, ...charges))
      const verdict = await limiter.charge(charges)
      assert.equal(verdict.kind === 'limited' && verdict.scope, 'per_ip')
    })

    check('everybody is counted by themselves, for each limit and each bucket', async ({ limiter }) => {
      const charges = [
        { limit: fixedLimit(1, 'per_ip'), who: 'a' },
        { limit: fixedLimit(1, 'per_ip'), who: 'b' },
        { limit: fixedLimit(1, 'per_ip'), who: '' },
        { limit: fixedLimit(1, 'per_user'), who: 'a' },
        { limit: fixedLimit(1, 'bucket_per_ip', 'films'), who: 'a' },
        { limit: fixedLimit(1, 'bucket_per_ip', 'music'), who: 'a' },
        { limit: fixedLimit(1, 'bucket', 'films'), who: '' },
        { limit: fixedLimit(1, 'bucket', 'music'), who: '' },
        { limit: fixedLimit(1, 'global'), who: '' },
      ]
      for (const charge of charges) assert.ok(await isAllowed(limiter, charge), JSON.stringify(charge))
      for (const charge of charges) assert.equal(await isAllowed(limiter, charge), false, JSON.stringify(charge))
    })

    check('a name may be any text of any length', async ({ limiter }) => {
      const limit = fixedLimit(1, 'per_user')
      const names = [
        '{a}',
        'a:b',
        'a\r\nb',
        '\0',
        '\ud800',
        'zoë',
        '烏',
        'x'.repeat(100_000),
        `${'x'.repeat(100_000)}y`,
      ]
      for (const who of names) assert.equal(await countAllowed(limiter, 2, { limit, who }), 1, who.slice(0, 20))
    })

    check('of many at once exactly as many pass as may', async ({ limiter }) => {
      const charge = { limit: fixedLimit(30), who: 'a' }
      const passed = await Promise.all(Array.from({ length: 100 }, () => isAllowed(limiter, charge)))
      assert.equal(passed.filter(Boolean).length, 30)
    })

    check('what was let through is there again with time', async ({ limiter, passTime }) => {
      const charge = { limit: limitOf(20, 2), who: 'a' }
      await countAllowed(limiter, 20, charge)
      await passTime(200)
      assert.equal(await countAllowed(limiter, 2, charge), 2)
    })

    check('a request that is charged to nobody passes', async ({ limiter }) => {
      assert.deepEqual(await limiter.charge([]), { kind: 'allowed' })
    })
  }
}
