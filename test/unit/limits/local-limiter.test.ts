import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLocalLimiter, type LocalLimiter } from '../../../src/limits/local-limiter.ts'
import type { Charge, Limit } from '../../../src/limits/rate-limiter.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { fc } from '../../support/fast-check.ts'
import { algorithms, limitOf } from '../../support/rate-limits.ts'

const passes = (limiter: LocalLimiter, ...charges: Charge[]) => limiter.charge(charges).kind === 'allowed'

for (const algorithm of algorithms) {
  const create = (clock: FakeClock, keysPerLimit = 1024) =>
    createLocalLimiter({ algorithm, windowMs: 1000, keysPerLimit }, { clock, random: createFakeRandom() })

  test(`${algorithm}: a burst passes, the next one is told when to come again, and then passes`, async () => {
    const clock = new FakeClock()
    const limiter = create(clock)
    const charge = { limit: limitOf(0.5, 2), who: 'a' }
    assert.deepEqual([passes(limiter, charge), passes(limiter, charge)], [true, true])
    const verdict = limiter.charge([charge])
    assert.equal(verdict.kind, 'limited')
    if (verdict.kind !== 'limited') return
    await clock.advance(verdict.retryAfterSeconds * 1000)
    assert.ok(passes(limiter, charge))
  })

  test(`${algorithm}: a new configuration finds the counts of the one before`, () => {
    const limiter = create(new FakeClock())
    for (let time = 0; time < 5; time++) passes(limiter, { limit: limitOf(1, 5), who: 'a' })
    assert.equal(passes(limiter, { limit: limitOf(1, 5), who: 'a' }), false)
    assert.equal(passes(limiter, { limit: limitOf(1, 5, 'per_ip', 'other'), who: 'a' }), true)
  })

  test(`${algorithm}: a flood of others never gives anybody more than the limit, and never takes more memory`, async () => {
    const clock = new FakeClock()
    const limiter = create(clock, 64)
    const limit = limitOf(1, 3)
    const heavy = { limit, who: 'heavy' }
    const passed: number[] = []
    for (let ms = 0; ms < 20_000; ms += 10) {
      for (let other = 0; other < 5; other++) passes(limiter, { limit, who: `${ms} ${other}` })
      if (passes(limiter, heavy)) passed.push(ms)
      await clock.advance(10)
    }
    assert.equal(limiter.bytes, 64 * 24)
    // 3 at once and one each second.
    assert.ok(passed.length <= 23 + 1, `${passed.length}`)
  })

  test(`${algorithm}: however many share too few places, each gets no more than the limit in any stretch of time`, () => {
    const step = fc.record({ who: fc.integer({ min: 0, max: 15 }), waitMs: fc.nat({ max: 400 }) })
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 200 }), (steps) => {
        const clock = new FakeClock()
        const [limiter, limit] = [create(clock, 8), limitOf(1, 3)]
        const timesOf: number[][] = Array.from({ length: 16 }, () => [])
        for (const { who, waitMs } of steps) {
          void clock.advance(waitMs) // nothing is due, so that time has moved when it returns
          if (passes(limiter, { limit, who: `${who}` })) timesOf[who]?.push(clock.monotonicMs())
        }
        for (const times of timesOf) {
          const lastMs = times.at(-1) ?? 0
          for (const [index, startMs] of times.entries()) {
            // The window lets one more through.
            assert.ok(times.length - index <= 3 + (lastMs - startMs) / 1000 + 1)
          }
        }
      }),
    )
  })
}

test('the limit that makes wait longest is the one told of', () => {
  const limiter = createLocalLimiter(
    { algorithm: 'token_bucket', windowMs: 1000 },
    { clock: new FakeClock(), random: createFakeRandom() },
  )
  const [everybody, address, user]: [Limit, Limit, Limit] = [
    limitOf(1, 1, 'global'),
    limitOf(0.1, 2, 'per_ip'),
    limitOf(0.2, 1, 'per_user'),
  ]
  const charges = [
    { limit: everybody, who: '' },
    { limit: address, who: '192.0.2.1' },
    { limit: user, who: 'anna' },
  ]
  assert.ok(passes(limiter, ...charges))
  assert.deepEqual(limiter.charge(charges), {
    kind: 'limited',
    scope: 'per_user',
    limit: 1,
    remaining: 0,
    resetSeconds: 5,
    retryAfterSeconds: 5,
  })
})

test('what everybody shares is one count, and takes no table for a crowd', () => {
  const limiter = createLocalLimiter(
    { algorithm: 'token_bucket', windowMs: 1000 },
    { clock: new FakeClock(), random: createFakeRandom() },
  )
  for (const scope of ['global', 'bucket'] as const) passes(limiter, { limit: limitOf(1, 1, scope), who: '' })
  assert.ok(limiter.bytes < 1000)
  passes(limiter, { limit: limitOf(1, 1, 'per_ip'), who: 'a' })
  assert.ok(limiter.bytes > 1e6 && limiter.bytes < 10e6)
})
