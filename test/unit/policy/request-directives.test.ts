import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noDirectives, type RequestDirectives, readRequestDirectives } from '../../../src/policy/request-directives.ts'

const table: readonly (readonly [
  cacheControl: string | undefined,
  pragma: string | undefined,
  asked: Partial<RequestDirectives>,
])[] = [
  ['no-cache', undefined, { noCache: true }],
  ['No-Store', undefined, { noStore: true }],
  ['only-if-cached', undefined, { onlyIfCached: true }],
  ['max-age=0', undefined, { maxAgeMs: 0 }],
  ['min-fresh=20, max-age=5', undefined, { maxAgeMs: 5000, minFreshMs: 20_000 }],
  ['max-stale=10', undefined, { maxStaleMs: 10_000 }],
  ['max-stale', undefined, { maxStaleMs: Number.POSITIVE_INFINITY }],
  ['max-age=x, no-cache', undefined, { noCache: true }],
  [undefined, 'no-cache, no-store', { noCache: true }],
]

for (const [cacheControl, pragma, asked] of table) {
  test(`Cache-Control: ${cacheControl}, Pragma: ${pragma} ask for ${Object.keys(asked).join(' and ')}`, () => {
    assert.deepEqual(readRequestDirectives(cacheControl, pragma), { ...noDirectives, ...asked })
  })
}

const nothing: readonly (readonly [cacheControl: string | undefined, pragma: string | undefined])[] = [
  [undefined, undefined],
  ['', undefined],
  ['no-transform, foo=1', undefined],
  [undefined, 'max-age=0, no-store'],
  ['no-transform', 'no-cache'],
]

for (const [cacheControl, pragma] of nothing) {
  test(`Cache-Control: ${cacheControl}, Pragma: ${pragma} ask for nothing`, () => {
    assert.equal(readRequestDirectives(cacheControl, pragma), noDirectives)
  })
}

test('a limit with an invalid argument limits nothing', () => {
  assert.deepEqual(readRequestDirectives('max-age=-1, min-fresh, max-stale=x', undefined), noDirectives)
})
