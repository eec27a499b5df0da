import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldValue } from '../../src/base/header-list.ts'
import type { EpochMs } from '../../src/base/types.ts'
import { deltaMs, parseCacheControl } from '../../src/policy/cache-control.ts'
import { lifetimeOf } from '../../src/policy/freshness.ts'
import { refreshedHeaders } from '../../src/policy/not-modified.ts'
import { judgeStoring } from '../../src/policy/storing.ts'
import { variantOf, varyNames } from '../../src/policy/vary.ts'
import { fc } from '../support/fast-check.ts'
import { policyOf } from '../unit/policy/answers.ts'

const names = fc.constantFrom('Cache-Control', 'cdn-cache-control', 'Expires', 'Date', 'Age', 'Vary', 'ETag', 'X', 'x')
const words = fc.constantFrom('max-age', 'no-cache', 'private', '=', '"', '\\', ',', ' ', '1', '-', '*', 'foo', 'GMT')
const values = fc.oneof(
  fc.string(),
  fc.array(words).map((parts) => parts.join('')),
)
const headerLists = fc.array(fc.tuple(names, values), { maxLength: 8 }).map((fields) => fields.flat())

test('any string is read as some set of directives, each with a lower-case name', () => {
  fc.assert(
    fc.property(values, (value) => {
      for (const [name, argument] of parseCacheControl(value)) {
        assert.equal(name, name.toLowerCase())
        const ms = deltaMs(argument)
        assert.ok(ms === undefined || (ms >= 0 && ms <= 2 ** 31 * 1000))
      }
    }),
  )
})

test('quoting, spacing and repeating what Cache-Control says changes nothing', () => {
  const directive = fc.tuple(fc.constantFrom('max-age', 's-maxage', 'x'), fc.nat())
  fc.assert(
    fc.property(fc.uniqueArray(directive, { selector: ([name]) => name }), (directives) => {
      const plain = directives.map(([name, seconds]) => `${name}=${seconds}`).join(',')
      const quoted = directives.map(([name, seconds]) => `${name.toUpperCase()}="${seconds}"`).join(' ,\t')
      assert.deepEqual(parseCacheControl(`${quoted}, ${plain}`), parseCacheControl(plain))
    }),
  )
})

test('whatever an origin sends is judged, with a lifetime and an age of at least 0', () => {
  fc.assert(
    fc.property(headerLists, fc.integer({ min: 100, max: 999 }), fc.boolean(), (headers, status, respectOrigin) => {
      const policy = policyOf({ respectOrigin, ttlMs: 60_000 })
      const at = Date.UTC(2026, 10, 20) as EpochMs
      const lifetime = lifetimeOf({ status, headers, requestedAt: at, storedAt: at }, policy)
      assert.ok(lifetime.freshForMs >= 0 && lifetime.initialAgeMs >= 0)
      assert.ok(['store', 'refuse'].includes(judgeStoring({ status, headers, size: 1, etag: undefined }, policy).kind))
      assert.ok(varyNames(headers) === '*' || Array.isArray(varyNames(headers)))
    }),
  )
})

test('a 304 that comes twice changes no more than once', () => {
  fc.assert(
    fc.property(headerLists, headerLists, (stored, fresh) => {
      const once = refreshedHeaders(stored, fresh)
      assert.deepEqual(refreshedHeaders(once, fresh), once)
      assert.equal(fieldValue(once, 'etag'), fieldValue(stored, 'etag'))
      if (fieldValue(fresh, 'x') !== undefined) assert.equal(fieldValue(once, 'x'), fieldValue(fresh, 'x'))
    }),
  )
})

test('two requests share a variant exactly when they agree in every field, but for space around commas', () => {
  const chars = fc.constantFrom('a', 'A', ',', ' ', '\t', '&', '=', '%', '2', '6', ';', '\u00a0', '"')
  const value = fc.option(
    fc.array(chars, { maxLength: 6 }).map((parts) => parts.join('')),
    { nil: undefined },
  )
  const requests = fc.tuple(value, value, value)
  const fields = ['a', 'a&b', 'b']
  const normal = (text: string | undefined) =>
    text?.includes('"') ? text.replace(/^[ \t]+|[ \t]+$/g, '') : text?.replace(/[ \t]*(,|^|$)[ \t]*/g, '$1')
  fc.assert(
    fc.property(requests, requests, (one, other) => {
      const [first, second] = [one, other].map((request) => variantOf(fields, (name) => request[fields.indexOf(name)]))
      const isSame = one.every((text, index) => normal(text) === normal(other[index]))
      assert.equal(first === second, isSame)
      assert.notEqual(first, '')
    }),
    { numRuns: 2000 },
  )
})
