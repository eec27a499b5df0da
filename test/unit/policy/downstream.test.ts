import assert from 'node:assert/strict'
import { test } from 'node:test'
import { downstreamHeaders } from '../../../src/policy/downstream.ts'
import { lines } from './answers.ts'

const headers = lines(
  'cache-control: max-age=1',
  'ETag: "a"',
  'Cache-Control: public',
  'Expires: 0',
  'CDN-Cache-Control: max-age=2',
  'Example-Cache-Control: max-age=3',
  'Surrogate-Control: max-age=4',
  'X-Accel-Expires: 5',
  'Edge-Control: max-age=6',
  'Cache-Control-Notes: kept',
)

test('without a replacement the very same headers go on', () => {
  assert.equal(downstreamHeaders(headers, { kind: 'as-is' }), headers)
})

test('a replacement is the only word on caching', () => {
  assert.deepEqual(
    downstreamHeaders(headers, { kind: 'replaced', by: 'max-age=60' }),
    lines('ETag: "a"', 'Cache-Control-Notes: kept', 'Cache-Control: max-age=60'),
  )
})

for (const [said, told] of [
  [undefined, 'private'],
  ['max-age=60', 'private, max-age=60'],
  ['public, max-age=60, s-maxage=600', 'private, max-age=60'],
  ['Public, S-MaxAge=600', 'private'],
  ['public;', 'private'],
  ['private', 'private'],
  ['private="X-Account"', 'private'],
  ['no-cache="Set-Cookie", x="a\\\\b"', 'private, no-cache=Set-Cookie, x="a\\\\b"'],
  ['x="a, public, y', 'private, x="\\"a", y'],
  ['no-store, immutable', 'private, no-store, immutable'],
] as const) {
  test(`a private answer tells of Cache-Control: ${said} only ${told}`, () => {
    const given = said === undefined ? [] : ['Cache-Control', said]
    assert.deepEqual(downstreamHeaders(given, { kind: 'private' }), ['Cache-Control', told])
  })
}

test('a private answer has no word for shared caches, in however many lines they stand', () => {
  const told = downstreamHeaders(headers, { kind: 'private' })
  const rest = lines('ETag: "a"', 'Expires: 0', 'Cache-Control-Notes: kept', 'Cache-Control: private, max-age=1')
  assert.deepEqual(told, rest)
})
