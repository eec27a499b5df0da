import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseList } from 'structured-headers'
import { type CacheStatusFacts, formatCacheStatus } from '../../../src/policy/cache-status.ts'

const table: readonly (readonly [facts: CacheStatusFacts, expected: string])[] = [
  [{}, 'yatagarasu'],
  [{ hit: true, ttlSeconds: 12, detail: 'memory' }, 'yatagarasu; hit; ttl=12; detail=memory'],
  [{ hit: true, ttlSeconds: -0.4 }, 'yatagarasu; hit; ttl=-1'],
  [{ hit: true, ttlSeconds: Number.POSITIVE_INFINITY }, 'yatagarasu; hit'],
  [{ hit: true, fwd: 'stale', fwdStatus: 304 }, 'yatagarasu; hit'],
  [{ hit: false, fwd: 'bypass' }, 'yatagarasu; fwd=bypass'],
  [
    { fwd: 'uri-miss', fwdStatus: 200, stored: true, collapsed: true, ttlSeconds: 60 },
    'yatagarasu; fwd=uri-miss; fwd-status=200; stored; collapsed; ttl=60',
  ],
  [{ fwd: 'stale', stored: false, collapsed: false }, 'yatagarasu; fwd=stale'],
  [{ detail: 'origin failed: "x\\y" é' }, 'yatagarasu; detail="origin failed: \\"x\\\\y\\" ?"'],
  [{ detail: '' }, 'yatagarasu; detail=""'],
]

for (const [facts, expected] of table) {
  test(`${JSON.stringify(facts)} reads '${expected}'`, () => {
    const member = formatCacheStatus(facts)
    assert.equal(member, expected)
    assert.equal(parseList(member).length, 1)
  })
}
