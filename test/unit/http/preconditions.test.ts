import assert from 'node:assert/strict'
import test from 'node:test'
import type { EpochMs } from '../../../src/base/types.ts'
import { evaluatePreconditions, rangeApplies, type Validators } from '../../../src/http/preconditions.ts'

const early = 'Sat, 29 Oct 1994 19:43:30 GMT'
const modified = 'Sat, 29 Oct 1994 19:43:31 GMT'
const late = 'Sat, 29 Oct 1994 19:43:32 GMT'
const modifiedMs = Date.UTC(1994, 9, 29, 19, 43, 31)

const strong: Validators = { etag: '"a"', lastModified: modified }
const weak: Validators = { etag: 'W/"a"', lastModified: modified }
const bare: Validators = { etag: undefined, lastModified: undefined }
/** All that is known of its change is when it was answered. */
const dated: Validators = { ...bare, dateMs: modifiedMs }

function request(fields: Readonly<Record<string, string>>, method = 'GET') {
  return { method, header: (name: string) => fields[name], receivedAt: Date.UTC(2026, 0, 1) as EpochMs }
}

const verdicts: readonly [string, Validators, Readonly<Record<string, string>>, string, string?][] = [
  ['no condition', strong, {}, 'proceed'],
  ['If-Match of the tag', strong, { 'if-match': '"a"' }, 'proceed'],
  ['If-Match with the tag in a list', strong, { 'if-match': '"x", "a"' }, 'proceed'],
  ['If-Match of another tag', strong, { 'if-match': '"b"' }, 'failed'],
  ['If-Match compares strongly: weak asked', strong, { 'if-match': 'W/"a"' }, 'failed'],
  ['If-Match compares strongly: weak held', weak, { 'if-match': 'W/"a", "a"' }, 'failed'],
  ['If-Match *', bare, { 'if-match': '*' }, 'proceed'],
  ['If-Match without a tag held', bare, { 'if-match': '"a"' }, 'failed'],
  ['If-Match is case-sensitive', strong, { 'if-match': '"A"' }, 'failed'],
  ['If-Match of nothing', strong, { 'if-match': '' }, 'failed'],
  ['If-Match of a tag without quotes', strong, { 'if-match': 'a' }, 'proceed'],
  ['If-Match holds, If-None-Match too', strong, { 'if-match': '"a"', 'if-none-match': '"a"' }, 'not-modified'],
  ['If-Match fails before If-None-Match', strong, { 'if-match': '"b"', 'if-none-match': '"a"' }, 'failed'],
  ['If-Unmodified-Since the change', strong, { 'if-unmodified-since': modified }, 'proceed'],
  ['If-Unmodified-Since before the change', strong, { 'if-unmodified-since': early }, 'failed'],
  ['If-Unmodified-Since beside If-Match', strong, { 'if-match': '"a"', 'if-unmodified-since': early }, 'proceed'],
  ['If-Unmodified-Since without a date held', bare, { 'if-unmodified-since': early }, 'proceed'],
  ['If-Unmodified-Since no date', strong, { 'if-unmodified-since': 'yesterday' }, 'proceed'],
  ['If-Unmodified-Since two dates', strong, { 'if-unmodified-since': `${early}, ${early}` }, 'proceed'],
  ['If-None-Match of the tag', strong, { 'if-none-match': '"a"' }, 'not-modified'],
  ['If-None-Match compares weakly', strong, { 'if-none-match': 'W/"a"' }, 'not-modified'],
  ['If-None-Match compares weakly with a weak tag', weak, { 'if-none-match': '"a"' }, 'not-modified'],
  ['If-None-Match in a list', strong, { 'if-none-match': 'W/"x",W/"y" ,"a"' }, 'not-modified'],
  ['If-None-Match of others', strong, { 'if-none-match': '"x", "y"' }, 'proceed'],
  ['If-None-Match *', bare, { 'if-none-match': '*' }, 'not-modified'],
  [
    'If-None-Match with a comma in the tag',
    { ...strong, etag: '"a,b"' },
    { 'if-none-match': '"x","a,b"' },
    'not-modified',
  ],
  ['If-None-Match of half a tag', { ...strong, etag: '"a,b"' }, { 'if-none-match': '"a", "b"' }, 'proceed'],
  ['If-None-Match of a multipart tag', { ...strong, etag: '"f-2"' }, { 'if-none-match': '"f-2"' }, 'not-modified'],
  ['If-None-Match of the empty tag', { ...strong, etag: '""' }, { 'if-none-match': '""' }, 'not-modified'],
  ['If-Modified-Since the change', strong, { 'if-modified-since': modified }, 'not-modified'],
  ['If-Modified-Since after the change', strong, { 'if-modified-since': late }, 'not-modified'],
  ['If-Modified-Since before the change', strong, { 'if-modified-since': early }, 'proceed'],
  [
    'If-Modified-Since in the old forms',
    strong,
    { 'if-modified-since': 'Saturday, 29-Oct-94 19:43:31 GMT' },
    'not-modified',
  ],
  ['If-Modified-Since as asctime', strong, { 'if-modified-since': 'Sat Oct 29 19:43:31 1994' }, 'not-modified'],
  ['If-Modified-Since beside If-None-Match', strong, { 'if-none-match': '"x"', 'if-modified-since': late }, 'proceed'],
  ['If-Modified-Since no date', strong, { 'if-modified-since': 'now' }, 'proceed'],
  ['If-Modified-Since two dates', strong, { 'if-modified-since': `${late}, ${late}` }, 'proceed'],
  ['If-Modified-Since without a date held', bare, { 'if-modified-since': late }, 'proceed'],
  ['If-Modified-Since against no date', { ...strong, lastModified: '0' }, { 'if-modified-since': late }, 'proceed'],
  ['If-Modified-Since the Date of an undated change', dated, { 'if-modified-since': modified }, 'not-modified'],
  ['If-Modified-Since before the Date of an undated change', dated, { 'if-modified-since': early }, 'proceed'],
  [
    'If-Modified-Since the Date, against no date',
    { ...dated, lastModified: '0' },
    { 'if-modified-since': late },
    'proceed',
  ],
  ['If-Modified-Since the Date, after a change', { ...strong, dateMs: 0 }, { 'if-modified-since': early }, 'proceed'],
  ['If-Unmodified-Since before the Date', dated, { 'if-unmodified-since': early }, 'proceed'],
  ['If-Modified-Since in small letters', strong, { 'if-modified-since': modified.toLowerCase() }, 'not-modified'],
  ['a HEAD', strong, { 'if-none-match': '"a"' }, 'not-modified', 'HEAD'],
  ['an OPTIONS', strong, { 'if-none-match': '"a"', 'if-match': '"b"' }, 'proceed', 'OPTIONS'],
  ['an answer that is no success', { ...strong, status: 404 }, { 'if-none-match': '*', 'if-match': '"b"' }, 'proceed'],
  ['a redirect', { ...strong, status: 301 }, { 'if-none-match': '"a"' }, 'proceed'],
  ['another success', { ...strong, status: 203 }, { 'if-none-match': '"a"' }, 'not-modified'],
]
for (const [title, held, fields, verdict, method] of verdicts) {
  test(`${title}: ${verdict}`, () => assert.equal(evaluatePreconditions(held, request(fields, method)), verdict))
}

const settled: Validators = { etag: '"a"', lastModified: modified, dateMs: modifiedMs + 1000 }
const ifRanges: readonly [string, Validators, string | undefined, boolean][] = [
  ['absent', settled, undefined, true],
  ['the tag', settled, '"a"', true],
  ['another tag', settled, '"b"', false],
  ['the tag, weak', settled, 'W/"a"', false],
  ['a weak tag that is held', { ...settled, etag: 'W/"a"' }, 'W/"a"', false],
  ['a list of tags', settled, '"a", "b"', false],
  ['the date', settled, modified, true],
  ['a later date', settled, late, false],
  ['an earlier date', settled, early, false],
  ['the date, answered within the same second', { ...settled, dateMs: modifiedMs }, modified, false],
  ['the date, answered no one knows when', { ...settled, dateMs: undefined }, modified, false],
  ['a date, where none is held', { ...settled, lastModified: undefined }, modified, false],
  ['neither tag nor date', settled, 'a', false],
]
for (const [title, held, value, applies] of ifRanges) {
  test(`If-Range of ${title}: the range ${applies ? 'applies' : 'is ignored'}`, () => {
    assert.equal(rangeApplies(held, request(value === undefined ? {} : { 'if-range': value })), applies)
  })
}
