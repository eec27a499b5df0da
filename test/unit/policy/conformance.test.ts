/** Facts that conformance suites check, end to end through the law: one answer, one pause, one further request. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Etag } from '../../../src/base/types.ts'
import { judgeFreshness, lifetimeOf } from '../../../src/policy/freshness.ts'
import { readRequestDirectives } from '../../../src/policy/request-directives.ts'
import { judgeStoring } from '../../../src/policy/storing.ts'
import { revalidationHeaders } from '../../../src/policy/validators.ts'
import { at, date, headOf, lines, policyOf } from './answers.ts'

type Outcome = 'reused' | 'validated' | 'asked again'

const policy = policyOf()

function outcomeOf(status: number, headers: readonly string[], cacheControl?: string): Outcome {
  const tag = headers.find((line) => line.startsWith('ETag: "'))?.slice('ETag: '.length) as Etag | undefined
  const head = headOf(lines(...headers), { status })
  if (judgeStoring({ status, headers: head.headers, size: 5, etag: tag }, policy).kind === 'refuse')
    return 'asked again'
  const directives = readRequestDirectives(cacheControl, undefined)
  if (judgeFreshness(lifetimeOf(head, policy), directives, at(3)).kind === 'fresh') return 'reused'
  return Object.keys(revalidationHeaders(head)).length > 0 ? 'validated' : 'asked again'
}

const now = `Date: ${date(0)}`
const dayOld = `Last-Modified: ${date(-24 * 3600)}`

const table: readonly (readonly [outcome: Outcome, headers: readonly string[], cacheControl?: string])[] = [
  ['asked again', []],
  ['reused', ['Cache-Control: max-age=3600']],
  ['asked again', ['Cache-Control: max-age=2']],
  ['asked again', ['Cache-Control: max-age=0']],
  ['reused', ['Cache-Control: max-age=99999999999']],
  ['reused', ['Cache-Control: max-age=003600']],
  ['reused', ['Cache-Control: max-age="3600"']],
  ['reused', ['Cache-Control: MaX-aGe=3600']],
  ['reused', ['Cache-Control: foobar, max-age=3600']],
  ['asked again', ['Cache-Control: max-age=-3600']],
  ['asked again', ["Cache-Control: max-age='3600'"]],
  ['asked again', ['Cache-Control: extension="max-age=3600", max-age=1']],
  ['asked again', ['Cache-Control: max-age=1, extension="max-age=3600"']],
  ['asked again', ['Cache-Control: max-age=3600', now, 'Age: 7200']],
  ['reused', ['Cache-Control: max-age=3600', now, `Expires: ${date(-7200)}`]],
  ['reused', ['Cache-Control: max-age=3600', now, 'Expires: 0']],
  ['asked again', ['Cache-Control: max-age=0', now, `Expires: ${date(3600)}`]],
  ['reused', ['Cache-Control: max-age=0, s-maxage=3600', `Expires: ${date(-10)}`]],
  ['asked again', ['Cache-Control: max-age=3600', 'Cache-Control: s-maxage=1']],
  ['reused', [now, `Expires: ${date(3600)}`]],
  ['asked again', [now, `Expires: ${date(0)}`]],
  ['asked again', [`Date: ${date(400)}`, `Expires: ${date(300)}`]],
  ['reused', ['Date: foo', `Expires: ${date(10)}`]],
  ['asked again', [`Date: ${date(-10)}`, `Expires: ${date(10)}`, 'Age: 25']],
  ['asked again', [`Date: ${date(10)}`, `Expires: ${date(20)}`, 'Age: 15']],
  ['asked again', ['Cache-Control: max-age=3600', 'Age: 2147483648']],
  ['reused', ['Cache-Control: max-age=3600', 'Age: 0, 7200']],
  ['reused', ['Cache-Control: max-age=10000', 'Age: 3600', 'Age: 3600']],
  ['asked again', ['Cache-Control: private, max-age=3600']],
  ['asked again', ['Cache-Control: no-store']],
  ['asked again', ['Cache-Control: max-age=10000, no-cache', now, `Expires: ${date(10_000)}`]],
  ['validated', ['Cache-Control: max-age=10000, no-cache', 'ETag: "abcd"']],
  ['validated', ['Cache-Control: no-cache', 'ETag: "abcd"']],
  ['reused', ['Cache-Control: max-age=10000, must-revalidate', 'ETag: "abcd"']],
  ['validated', ['Cache-Control: max-age=2, must-revalidate', 'ETag: "abcd"']],
  ['validated', ['Cache-Control: max-age=2', 'ETag: W/"abcd"']],
  ['validated', ['Cache-Control: max-age=2', dayOld]],
  ['reused', ['Cache-Control: max-age=3600', 'Pragma: no-cache']],
  ['reused', ['Cache-Control: max-age=3600, no-store, must-understand']],
  ['reused', ['CDN-Cache-Control: max-age=3600', 'Cache-Control: max-age=1']],
  ['asked again', ['CDN-Cache-Control: max-age=1', 'Cache-Control: max-age=3600']],
  ['asked again', ['CDN-Cache-Control: no-cache', 'Cache-Control: max-age=3600']],
  ['reused', ['CDN-Cache-Control: max-age=3600', 'Cache-Control: no-store']],
  ['asked again', ['CDN-Cache-Control: max-age=10000, &&&&&', 'Cache-Control: no-store']],
  ['asked again', ['CDN-Cache-Control: max-age="10000"', 'Cache-Control: no-store']],
  ['asked again', ['Cache-Control: max-age=3600'], 'max-age=1'],
  ['asked again', ['Cache-Control: max-age=1500', 'Age: 1000'], 'min-fresh=1000'],
  ['asked again', ['Cache-Control: max-age=3600'], 'no-cache'],
  ['validated', ['Cache-Control: max-age=3600', dayOld], 'no-cache'],
]

for (const [outcome, headers, cacheControl] of table) {
  test(`[${headers.join(' | ')}]${cacheControl ? ` asked with ${cacheControl}` : ''} is ${outcome}`, () => {
    assert.equal(outcomeOf(200, headers, cacheControl), outcome)
  })
}

for (const status of [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]) {
  test(`a ${status} with Last-Modified alone is reused`, () => {
    assert.equal(outcomeOf(status, [dayOld, now]), 'reused')
  })
}

for (const status of [201, 202, 302, 403, 500, 502, 503, 504, 599]) {
  test(`a ${status} with Last-Modified alone is asked again`, () => {
    assert.equal(outcomeOf(status, [dayOld, now]), 'asked again')
  })
}

for (const status of [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599]) {
  test(`a ${status} with a lifetime is reused, and not after it`, () => {
    assert.equal(outcomeOf(status, [`Expires: ${date(100_000)}`, now]), 'reused')
    assert.equal(outcomeOf(status, [`Expires: ${date(-5000)}`, now]), 'asked again')
  })
}
