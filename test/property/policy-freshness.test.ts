import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '../../src/base/types.ts'
import { ageSeconds, type Freshness, judgeFreshness, type Lifetime } from '../../src/policy/freshness.ts'
import { fc } from '../support/fast-check.ts'

const durationMs = fc.integer({ min: 0, max: 100_000 })
const lifetimes: fc.Arbitrary<Lifetime> = fc.record({
  initialAgeMs: durationMs,
  receivedAt: durationMs.map((ms) => ms as EpochMs),
  freshForMs: fc.oneof(durationMs, fc.constant(Number.POSITIVE_INFINITY)),
  alwaysRevalidate: fc.boolean(),
  mayServeStale: fc.boolean(),
  staleWhileRevalidateMs: durationMs,
  staleIfErrorMs: durationMs,
})
const limits = fc.record({ maxAgeMs: durationMs, minFreshMs: durationMs, maxStaleMs: durationMs }, { requiredKeys: [] })
const directives = fc
  .tuple(fc.boolean(), limits)
  .map(([noCache, limit]) => ({ noStore: false, onlyIfCached: false, noCache, ...limit }))

/** What may be done with an answer, each a weaker permission than the one before. */
function permissions(judged: Freshness): readonly boolean[] {
  if (judged.kind === 'fresh') return [true, true]
  return [false, judged.whileRevalidating]
}

test('an answer never gets fresher, younger or more usable as time goes by', () => {
  fc.assert(
    fc.property(lifetimes, directives, durationMs, durationMs, (lifetime, asked, first, later) => {
      const [early, late] = [first as EpochMs, (first + later) as EpochMs]
      const [before, after] = [judgeFreshness(lifetime, asked, early), judgeFreshness(lifetime, asked, late)]
      permissions(after).forEach((isAllowed, index) => {
        assert.ok(!isAllowed || permissions(before)[index])
      })
      if (before.kind === 'stale' && after.kind === 'stale') assert.ok(before.onError || !after.onError)
      assert.ok(after.ageMs >= before.ageMs && after.ttlMs <= before.ttlMs)
      assert.ok(ageSeconds(lifetime, late) >= ageSeconds(lifetime, early))
    }),
  )
})
