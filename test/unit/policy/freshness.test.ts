import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '../../../src/base/types.ts'
import type { ObjectHead } from '../../../src/cache/record.ts'
import type { CachePolicy } from '../../../src/policy/cache-policy.ts'
import { ageSeconds, judgeFreshness, type Lifetime, lifetimeOf, usableUntil } from '../../../src/policy/freshness.ts'
import { noDirectives, readRequestDirectives } from '../../../src/policy/request-directives.ts'
import { arrival, at, date, headOf, lines, policyOf } from './answers.ts'

interface Case {
  readonly says: readonly string[]
  readonly head?: Partial<ObjectHead>
  readonly policy?: Partial<CachePolicy>
  readonly is: Partial<Lifetime>
}

const never = Number.POSITIVE_INFINITY
const day = 24 * 3600
const hour = 3_600_000

const lifetimes: Record<string, Case> = {
  'max-age is the lifetime': { says: ['Cache-Control: max-age=3600'], is: { freshForMs: hour } },
  's-maxage goes before max-age': { says: ['Cache-Control: max-age=1, s-maxage=3600'], is: { freshForMs: hour } },
  's-maxage goes before a longer max-age': { says: ['Cache-Control: max-age=9, s-maxage=1'], is: { freshForMs: 1000 } },
  'an invalid s-maxage is none, not absent': { says: ['Cache-Control: s-maxage=x, max-age=9'], is: { freshForMs: 0 } },
  'max-age goes before Expires': { says: ['Cache-Control: max-age=60', 'Expires: 0'], is: { freshForMs: 60_000 } },
  'Expires counts from Date': { says: [`Expires: ${date(30)}`, `Date: ${date(10)}`], is: { freshForMs: 20_000 } },
  'Expires counts from arrival without Date': { says: [`Expires: ${date(30)}`], is: { freshForMs: 30_000 } },
  'Expires counts from arrival with a bad Date': {
    says: [`Expires: ${date(30)}`, 'Date: foo'],
    is: { freshForMs: 30_000 },
  },
  'a past Expires is over': { says: [`Expires: ${date(-30)}`, `Date: ${date(0)}`], is: { freshForMs: 0 } },
  'an invalid Expires is over': { says: ['Expires: 0', `Last-Modified: ${date(-day)}`], is: { freshForMs: 0 } },
  'a targeted field goes before both': {
    says: ['CDN-Cache-Control: max-age=5', 'Cache-Control: s-maxage=9', `Expires: ${date(99)}`],
    is: { freshForMs: 5000, mayServeStale: true },
  },
  'silence has no lifetime': { says: [], is: { freshForMs: 0 } },
  'a tenth of the time since the last change': {
    says: [`Last-Modified: ${date(-day)}`, `Date: ${date(0)}`],
    is: { freshForMs: (day / 10) * 1000 },
  },
  'a tenth counts to arrival without Date': { says: [`Last-Modified: ${date(-600)}`], is: { freshForMs: 60_000 } },
  'a tenth is never over a week': { says: [`Last-Modified: ${date(-999 * day)}`], is: { freshForMs: 7 * day * 1000 } },
  'a change in the future is no hint': { says: [`Last-Modified: ${date(day)}`], is: { freshForMs: 0 } },
  'a change at no date is no hint': { says: ['Last-Modified: yesterday'], is: { freshForMs: 0 } },
  'no heuristic for other statuses': {
    says: [`Last-Modified: ${date(-day)}`],
    head: { status: 302 },
    is: { freshForMs: 0 },
  },
  'public allows the heuristic for any': {
    says: [`Last-Modified: ${date(-600)}`, 'Cache-Control: public'],
    head: { status: 599 },
    is: { freshForMs: 60_000 },
  },
  'the configured lifetime for those that say nothing': {
    says: [`Last-Modified: ${date(-day)}`],
    policy: { ttlMs: hour },
    is: { freshForMs: hour },
  },
  'a configured 0 never expires': { says: [], policy: { ttlMs: 0 }, is: { freshForMs: never } },
  'max-age=0 expires at once all the same': {
    says: ['Cache-Control: max-age=0'],
    policy: { ttlMs: 0 },
    is: { freshForMs: 0 },
  },
  'a configured lifetime is not for other statuses': {
    says: [],
    head: { status: 403 },
    policy: { ttlMs: hour },
    is: { freshForMs: 0 },
  },
  'a 404 has the negative lifetime': {
    says: [`Last-Modified: ${date(-day)}`],
    head: { status: 404 },
    policy: { ttlMs: hour, staleIfErrorMs: hour, staleWhileRevalidateMs: hour },
    is: { freshForMs: 10_000, staleIfErrorMs: 0, staleWhileRevalidateMs: 0 },
  },
  'a 404 with its own lifetime has that': {
    says: ['Cache-Control: max-age=60, stale-if-error=9'],
    head: { status: 404 },
    is: { freshForMs: 60_000, staleIfErrorMs: 9000 },
  },
  'a remembered absence has the negative lifetime': {
    says: [],
    head: { status: 404, absence: 'NoSuchKey' },
    is: { freshForMs: 10_000, initialAgeMs: 0 },
  },
  'ignored freshness leaves the configured one, counted from arrival': {
    says: ['Cache-Control: max-age=5, no-cache, stale-if-error=9', 'Age: 50'],
    policy: { respectOrigin: false, ttlMs: 60_000, staleIfErrorMs: 7000 },
    is: {
      freshForMs: 110_000,
      initialAgeMs: 50_000,
      alwaysRevalidate: false,
      staleIfErrorMs: 7000,
      mayServeStale: true,
    },
  },
  'must-revalidate is never ignored': {
    says: ['Cache-Control: must-revalidate'],
    policy: { respectOrigin: false, ttlMs: 60_000, staleIfErrorMs: 7000 },
    is: { mayServeStale: false, staleIfErrorMs: 0 },
  },
  'no-cache is always confirmed': {
    says: ['Cache-Control: max-age=60, no-cache, stale-if-error=9'],
    policy: { staleIfErrorMs: 7000 },
    is: { freshForMs: 60_000, alwaysRevalidate: true, mayServeStale: false, staleIfErrorMs: 0 },
  },
  'no-cache with field names is no-cache': { says: ['Cache-Control: no-cache="a"'], is: { alwaysRevalidate: true } },
  'the policy may have all confirmed': {
    says: ['Cache-Control: max-age=60, stale-if-error=9'],
    policy: { revalidate: 'always' },
    is: { alwaysRevalidate: true, mayServeStale: true, staleIfErrorMs: 9000 },
  },
  'windows of the answer go before configured ones': {
    says: ['Cache-Control: max-age=1, stale-while-revalidate=2, stale-if-error=3'],
    policy: { staleWhileRevalidateMs: hour, staleIfErrorMs: hour },
    is: { staleWhileRevalidateMs: 2000, staleIfErrorMs: 3000, mayServeStale: true },
  },
  'an invalid window is none': {
    says: ['Cache-Control: max-age=1, stale-while-revalidate=x'],
    policy: { staleWhileRevalidateMs: hour, staleIfErrorMs: hour },
    is: { staleWhileRevalidateMs: 0, staleIfErrorMs: hour },
  },
  'must-revalidate goes before any window': {
    says: ['Cache-Control: max-age=1, must-revalidate, stale-while-revalidate=9'],
    policy: { staleIfErrorMs: hour },
    is: { staleWhileRevalidateMs: 0, staleIfErrorMs: 0, mayServeStale: false },
  },
  'proxy-revalidate goes before any window': {
    says: ['Cache-Control: max-age=1, proxy-revalidate'],
    policy: { staleIfErrorMs: hour },
    is: { staleIfErrorMs: 0, mayServeStale: false },
  },
  's-maxage allows no configured window': {
    says: ['Cache-Control: s-maxage=1'],
    policy: { staleWhileRevalidateMs: hour, staleIfErrorMs: hour },
    is: { staleWhileRevalidateMs: 0, staleIfErrorMs: 0, mayServeStale: false },
  },
  's-maxage allows a window of its own answer': {
    says: ['Cache-Control: s-maxage=1, stale-while-revalidate=9, stale-if-error=8'],
    is: { staleWhileRevalidateMs: 9000, staleIfErrorMs: 8000, mayServeStale: false },
  },
  'Age counts': { says: ['Age: 30'], is: { initialAgeMs: 30_000, receivedAt: arrival } },
  'the first member of Age counts': { says: ['Age: 7200, 0'], is: { initialAgeMs: 7_200_000 } },
  'the first line of Age counts': { says: ['Age: 0', 'Age: 7200'], is: { initialAgeMs: 0 } },
  'a negative Age does not count': { says: ['Age: -7200'], is: { initialAgeMs: 0 } },
  'a decimal Age does not count': { says: ['Age: 7200.0'], is: { initialAgeMs: 0 } },
  'an Age of letters does not count': { says: ['Age: abc'], is: { initialAgeMs: 0 } },
  'a huge Age counts as 68 years': { says: ['Age: 99999999999'], is: { initialAgeMs: 2 ** 31 * 1000 } },
  'an old Date is age': { says: [`Date: ${date(-7200)}`], is: { initialAgeMs: 7_200_000 } },
  'the greater of Age and Date counts': { says: [`Date: ${date(-10)}`, 'Age: 25'], is: { initialAgeMs: 25_000 } },
  'a Date in the future is no age': { says: [`Date: ${date(60)}`], is: { initialAgeMs: 0 } },
  'the fraction of a second Date cannot tell is no age': {
    says: [`Date: ${date(0)}`],
    head: { storedAt: (arrival + 900) as EpochMs, requestedAt: (arrival + 900) as EpochMs },
    is: { initialAgeMs: 0 },
  },
  'Age counts from the request on': { says: ['Age: 1'], head: { requestedAt: at(-5) }, is: { initialAgeMs: 6000 } },
}

for (const [title, { says, head, policy, is }] of Object.entries(lifetimes)) {
  test(title, () => {
    const lifetime = lifetimeOf(headOf(lines(...says), head), policyOf(policy))
    assert.deepEqual({ ...lifetime, ...is }, lifetime)
  })
}

const base: Lifetime = {
  initialAgeMs: 2000,
  receivedAt: arrival,
  freshForMs: 10_000,
  alwaysRevalidate: false,
  mayServeStale: true,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
}
const windows = { staleWhileRevalidateMs: 5000, staleIfErrorMs: 8000 }

/** seconds since arrival, what the client asks, lifetime, verdict: f(resh), s(tale), w(hile revalidating), e (on error) */
const verdicts: readonly (readonly [seconds: number, asks: string, lifetime: Partial<Lifetime>, verdict: string])[] = [
  [0, '', {}, 'f'],
  [7.999, '', {}, 'f'],
  [8, '', {}, 's'],
  [-60, '', {}, 'f'],
  [1e9, '', { freshForMs: Number.POSITIVE_INFINITY }, 'f'],
  [0, '', { alwaysRevalidate: true }, 's'],
  [0, '', { alwaysRevalidate: true, ...windows }, 'se'],
  [8, '', windows, 'swe'],
  [12.9, '', windows, 'swe'],
  [13, '', windows, 'se'],
  [15.9, '', windows, 'se'],
  [16, '', windows, 's'],
  [0, 'no-cache', {}, 's'],
  [0, 'no-cache', windows, 'se'],
  [8, 'no-cache', windows, 'se'],
  [1, 'max-age=3', {}, 'f'],
  [1.1, 'max-age=3', {}, 's'],
  [9, 'max-age=99', windows, 'se'],
  [2, 'min-fresh=6', {}, 'f'],
  [2.1, 'min-fresh=6', {}, 's'],
  [9, 'max-stale=1', {}, 'f'],
  [9.1, 'max-stale=1', {}, 's'],
  [1e6, 'max-stale', {}, 'f'],
  [9, 'max-stale', { mayServeStale: false }, 's'],
  [9, 'max-stale', { alwaysRevalidate: true }, 's'],
  [9, 'max-stale, max-age=5', {}, 's'],
  [0, 'only-if-cached', {}, 'f'],
]

for (const [seconds, asks, changes, verdict] of verdicts) {
  test(`${seconds} s on, asked '${asks}', ${JSON.stringify(changes)} is judged '${verdict}'`, () => {
    const directives = asks === '' ? noDirectives : readRequestDirectives(asks, undefined)
    const lifetime = { ...base, ...changes }
    const judged = judgeFreshness(lifetime, directives, at(seconds))
    const flags = judged.kind === 'stale' ? [judged.whileRevalidating && 'w', judged.onError && 'e'] : []
    assert.equal([judged.kind[0], ...flags.filter((flag) => flag !== false)].join(''), verdict)
    assert.equal(judged.ageMs, 2000 + Math.max(0, seconds * 1000))
    assert.equal(judged.ttlMs, lifetime.freshForMs - judged.ageMs)
  })
}

test('the Age of an answer is in whole seconds and grows while it is kept', () => {
  assert.equal(ageSeconds(base, arrival), 2)
  assert.equal(ageSeconds(base, at(1.9)), 3)
  assert.equal(ageSeconds(base, at(-9)), 2)
})

test('an answer is usable until its last stale window closes', () => {
  const until = (says: readonly string[], policy: Partial<CachePolicy> = {}) =>
    usableUntil(headOf(lines(...says)), policyOf(policy))
  const after = (seconds: number) => arrival + seconds * 1000
  assert.equal(until(['Cache-Control: max-age=60']), after(60))
  assert.equal(until(['Cache-Control: max-age=60', 'Age: 20']), after(40))
  assert.equal(until(['Cache-Control: max-age=60, stale-if-error=30, stale-while-revalidate=10']), after(90))
  assert.equal(until(['Cache-Control: max-age=60'], { staleWhileRevalidateMs: 5000 }), after(65))
  assert.equal(until([], { ttlMs: 0 }), undefined)
})
