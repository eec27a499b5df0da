import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Etag } from '../../../src/base/types.ts'
import type { CachePolicy } from '../../../src/policy/cache-policy.ts'
import { type Answer, judgeStoring, type Refusal } from '../../../src/policy/storing.ts'
import { date, lines, MiB, policyOf } from './answers.ts'

const strong = '"v1"' as Etag
const minute = 60_000

interface Case {
  readonly says: readonly string[]
  readonly answer?: Partial<Answer>
  readonly policy?: Partial<CachePolicy>
}

const judge = ({ says, answer, policy }: Case) =>
  judgeStoring({ status: 200, headers: lines(...says), size: 5, etag: undefined, ...answer }, policyOf(policy))

const lm = `Last-Modified: ${date(-24 * 3600)}`

const stored: Record<string, Case> = {
  'with a lifetime': { says: ['Cache-Control: max-age=1'] },
  'with s-maxage': { says: ['Cache-Control: s-maxage=1'], answer: { status: 599 } },
  'with a future Expires': { says: [`Expires: ${date(9)}`, `Date: ${date(0)}`] },
  'with Expires and no Date': { says: [`Expires: ${date(9)}`] },
  'with a tag alone, to be confirmed': { says: ['ETag: "v1"'] },
  'with a weak tag alone': { says: ['ETag: W/"v1"'] },
  'with Last-Modified alone': { says: [lm] },
  'no-cache with a validator': { says: ['Cache-Control: no-cache', 'ETag: "v1"'] },
  'silence, where a lifetime is configured': { says: [], policy: { ttlMs: minute } },
  'silence, where nothing expires': { says: [], policy: { ttlMs: 0 } },
  'max-age=0 that may be used stale': { says: ['Cache-Control: max-age=0, stale-while-revalidate=9'] },
  'max-age=0, where stale is configured': { says: ['Cache-Control: max-age=0'], policy: { staleIfErrorMs: minute } },
  'no-store where CDN-Cache-Control says otherwise': {
    says: ['Cache-Control: no-store', 'CDN-Cache-Control: max-age=1'],
  },
  'no-store with must-understand': { says: ['Cache-Control: no-store, must-understand, max-age=1'] },
  'a 404, briefly': { says: [], answer: { status: 404 } },
  'a 302 with a lifetime': { says: ['Cache-Control: max-age=1'], answer: { status: 302 } },
  'a 503 with a lifetime': { says: ['Cache-Control: max-age=1'], answer: { status: 503 } },
  'an unknown status with a lifetime': { says: [`Expires: ${date(9)}`], answer: { status: 499 } },
  'an unknown status with public': { says: ['Cache-Control: public', lm], answer: { status: 599 } },
  'a cookie': { says: ['Cache-Control: max-age=1', 'Set-Cookie: a=b'] },
  'an unknown length without a tag': { says: ['Cache-Control: max-age=1'], answer: { size: undefined } },
  'one slice without a tag': { says: ['Cache-Control: max-age=1'], answer: { size: MiB } },
  'many slices with a strong tag': { says: ['ETag: "v1"'], answer: { size: 9 * MiB, etag: strong } },
  'the largest size allowed': { says: [lm], answer: { size: 100 }, policy: { maxObjectBytes: 100 } },
  'an empty one': { says: [lm], answer: { status: 204, size: 0 } },
  'its freshness ignored, by the configured one': {
    says: ['Cache-Control: max-age=0'],
    policy: { respectOrigin: false, ttlMs: minute },
  },
}

for (const [title, answer] of Object.entries(stored)) {
  test(`stored: ${title}`, () => assert.deepEqual(judge(answer), { kind: 'store', varyNames: [] }))
}

const refused: Record<string, Case & { readonly reason: Refusal; readonly memorable?: boolean }> = {
  'caching is off': { says: [lm], policy: { enabled: false }, reason: 'disabled', memorable: false },
  'an interim status': { says: ['Cache-Control: max-age=1'], answer: { status: 103 }, reason: 'status' },
  'a part': { says: ['Cache-Control: max-age=1'], answer: { status: 206 }, reason: 'status' },
  'a confirmation': { says: ['Cache-Control: max-age=1'], answer: { status: 304 }, reason: 'status' },
  'a failed precondition': { says: ['Cache-Control: max-age=1'], answer: { status: 412 }, reason: 'status' },
  'a failed range': { says: ['Cache-Control: max-age=1'], answer: { status: 416 }, reason: 'status' },
  'a 403 without a lifetime': { says: [lm], answer: { status: 403 }, reason: 'status' },
  'a 201 without a lifetime, where one is configured': {
    says: [lm],
    answer: { status: 201 },
    policy: { ttlMs: minute },
    reason: 'status',
  },
  'a 503 without a lifetime': { says: [lm], answer: { status: 503 }, reason: 'status', memorable: false },
  'a 302 whose lifetime is ignored': {
    says: ['Cache-Control: max-age=1'],
    answer: { status: 302 },
    policy: { respectOrigin: false, ttlMs: minute },
    reason: 'status',
  },
  'must-understand with a status not understood': {
    says: ['Cache-Control: max-age=1, must-understand'],
    answer: { status: 599 },
    reason: 'status',
    memorable: false,
  },
  'must-understand and no-store with such a status': {
    says: ['Cache-Control: max-age=1, no-store, must-understand'],
    answer: { status: 299 },
    reason: 'status',
  },
  'Vary: *': { says: ['Cache-Control: max-age=1', 'Vary: a, *'], reason: 'vary-any' },
  'Vary: * of a failure': { says: ['Vary: *'], answer: { status: 500 }, reason: 'vary-any', memorable: false },
  'no-store': { says: ['Cache-Control: max-age=1, No-StOrE'], reason: 'no-store' },
  'no-store, its freshness ignored': {
    says: ['Cache-Control: no-store'],
    policy: { respectOrigin: false, ttlMs: minute },
    reason: 'no-store',
  },
  'no-store for CDNs': { says: ['Cache-Control: max-age=1', 'CDN-Cache-Control: no-store'], reason: 'no-store' },
  private: { says: ['Cache-Control: private, max-age=1'], reason: 'private' },
  'private with field names': { says: ['Cache-Control: private="a", max-age=1'], reason: 'private' },
  'private, its freshness ignored': {
    says: ['Cache-Control: private'],
    policy: { respectOrigin: false, ttlMs: minute },
    reason: 'private',
  },
  'private for CDNs': { says: ['CDN-Cache-Control: private', 'Cache-Control: max-age=1'], reason: 'private' },
  'over the largest size': {
    says: [lm],
    answer: { size: 101, etag: strong },
    policy: { maxObjectBytes: 100 },
    reason: 'too-large',
  },
  'many slices without a strong tag': {
    says: ['Cache-Control: max-age=1', 'ETag: W/"v1"'],
    answer: { size: MiB + 1 },
    reason: 'no-strong-etag',
  },
  'many slices with a made-up tag': {
    says: ['Cache-Control: max-age=1'],
    answer: { size: MiB + 1, etag: '~9' as Etag },
    reason: 'no-strong-etag',
  },
  silence: { says: [], reason: 'no-freshness' },
  'an empty tag': { says: ['ETag: '], reason: 'no-freshness' },
  'max-age=0 and no validator': { says: ['Cache-Control: max-age=0'], reason: 'no-freshness' },
  'an invalid max-age': { says: ['Cache-Control: max-age=1a'], policy: { ttlMs: minute }, reason: 'no-freshness' },
  'no-cache and no validator': { says: ['Cache-Control: no-cache, max-age=9'], reason: 'no-freshness' },
  'always confirmed and no validator': {
    says: ['Cache-Control: max-age=9'],
    policy: { revalidate: 'always' },
    reason: 'no-freshness',
  },
  'an invalid Expires': { says: ['Expires: 0'], reason: 'no-freshness' },
  'an Expires not after Date': { says: [`Expires: ${date(5)}`, `Date: ${date(5)}`], reason: 'no-freshness' },
  'an Expires of years ago': { says: ['Expires: Thu, 01 Dec 1994 16:00:00 GMT'], reason: 'no-freshness' },
  'older than its lifetime': { says: ['Cache-Control: max-age=60', 'Age: 60'], reason: 'no-freshness' },
  'a 404, where none is remembered': {
    says: [],
    answer: { status: 404 },
    policy: { negativeTtlMs: 0, ttlMs: minute },
    reason: 'no-freshness',
  },
  'max-age=0 with must-revalidate, where stale is configured': {
    says: ['Cache-Control: max-age=0, must-revalidate'],
    policy: { staleIfErrorMs: minute },
    reason: 'no-freshness',
  },
}

for (const [title, { reason, memorable = true, ...answer }] of Object.entries(refused)) {
  test(`refused: ${title}`, () => assert.deepEqual(judge(answer), { kind: 'refuse', reason, memorable }))
}

test('what is stored says by which request fields it varies', () => {
  assert.deepEqual(judge({ says: ['Vary: Origin', 'Vary: accept', lm] }), {
    kind: 'store',
    varyNames: ['accept', 'origin'],
  })
})

test('every reason to refuse has a case here', () => {
  const reasons: Record<Refusal, true> = {
    disabled: true,
    status: true,
    'vary-any': true,
    'no-store': true,
    private: true,
    'too-large': true,
    'no-strong-etag': true,
    'no-freshness': true,
  }
  const seen = new Set(Object.values(refused).map(({ reason }) => reason))
  assert.deepEqual([...seen].sort(), Object.keys(reasons).sort())
})
