import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatHttpDate, parseHttpDate } from '../../../src/base/http-date.ts'
import { fc } from '../../support/fast-check.ts'

const now = Date.UTC(2026, 10, 20)
const year1994 = '1994-11-06T08:49:37.000Z'
const year2050 = '2050-08-18T02:01:18.000Z'

const table: readonly (readonly [text: string, iso: string | undefined])[] = [
  ['Sun, 06 Nov 1994 08:49:37 GMT', year1994],
  ['Sunday, 06-Nov-94 08:49:37 GMT', year1994],
  ['Sun Nov  6 08:49:37 1994', year1994],
  ['Wed Nov 16 08:49:37 1994', '1994-11-16T08:49:37.000Z'],
  ['Thu Aug 18 02:01:18 2050', year2050],
  ['sun, 06 nov 1994 08:49:37 gmt', year1994],
  ['SUNDAY, 06-NOV-94 08:49:37 GMT', year1994],
  ['THU, 18 Aug 2050 02:01:18 GMT', year2050],
  ['Thu, 18 AUG 2050 02:01:18 gMT', year2050],
  ['Sun, 21 Nov 2286 04:46:39 GMT', '2286-11-21T04:46:39.000Z'],
  ['Sun, 06 Nov 0094 08:49:37 GMT', '0094-11-06T08:49:37.000Z'],
  // Two digits of a year: at most 50 years ahead, to the second.
  ['Thursday, 18-Aug-50 02:01:18 GMT', year2050],
  ['Friday, 20-Nov-26 00:00:00 GMT', '2026-11-20T00:00:00.000Z'],
  ['Thursday, 18-Aug-76 02:01:18 GMT', '2076-08-18T02:01:18.000Z'],
  ['Friday, 20-Nov-76 00:00:00 GMT', '2076-11-20T00:00:00.000Z'],
  ['Friday, 20-Nov-76 00:00:01 GMT', '1976-11-20T00:00:01.000Z'],
  ['Thursday, 18-Aug-77 02:01:18 GMT', '1977-08-18T02:01:18.000Z'],
  // Leap seconds and leap days.
  ['Sat, 31 Dec 2016 23:59:60 GMT', '2017-01-01T00:00:00.000Z'],
  ['Thu, 29 Feb 2024 00:00:00 GMT', '2024-02-29T00:00:00.000Z'],
  ['Tuesday, 29-Feb-00 00:00:00 GMT', '2000-02-29T00:00:00.000Z'],
  ['Wed, 29 Feb 2023 00:00:00 GMT', undefined],
  // No dates.
  ['', undefined],
  ['0', undefined],
  ['-1', undefined],
  ['2050-08-18T02:01:18Z', undefined],
  ['Thu, 18 Aug 2050 02:01:18', undefined],
  ['Thu, 18 Aug 2050 02:01:18 UTC', undefined],
  ['Thu, 18 Aug 2050 02:01:18 AEST', undefined],
  ['Thu, 18 Aug 2050 02:01:18 +0000', undefined],
  ['Thu, 18 Aug 50 02:01:18 GMT', undefined],
  ['Thu 18 Aug 2050 02:01:18 GMT', undefined],
  ['Thu, 18  Aug  2050 02:01:18 GMT', undefined],
  ['Thu,  18 Aug 2050 02:01:18 GMT', undefined],
  ['Thu, 8 Aug 2050 02:01:18 GMT', undefined],
  ['Thu, 18-Aug-2050 02:01:18 GMT', undefined],
  ['Thu, 18 Aug 2050 02.01.18 GMT', undefined],
  ['Thu, 18 Aug 2050 2:01:18 GMT', undefined],
  ['Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:19 GMT', undefined],
  ['Thu, 31 Feb 2050 02:01:18 GMT', undefined],
  ['Wednesday, 30-Feb-94 08:49:37 GMT', undefined],
  ['Thu, 00 Aug 2050 02:01:18 GMT', undefined],
  ['Thu, 18 Aug 2050 24:00:00 GMT', undefined],
  ['Thu, 18 Aug 2050 02:60:18 GMT', undefined],
  ['Thu, 18 Aug 2050 02:01:61 GMT', undefined],
]

for (const [text, iso] of table) {
  test(`'${text}' is ${iso ?? 'no date'}`, () => {
    assert.equal(parseHttpDate(text, now), iso === undefined ? undefined : Date.parse(iso))
  })
}

test('no text is no date', () => assert.equal(parseHttpDate(undefined, now), undefined))

test('towards the end of a century a small two-digit year is in the next one', () => {
  assert.equal(
    parseHttpDate('Thursday, 18-Aug-05 02:01:18 GMT', Date.UTC(2090, 0)),
    Date.parse('2105-08-18T02:01:18.000Z'),
  )
})

test('what is written can be read', () => {
  assert.equal(formatHttpDate(Date.parse(year1994)), 'Sun, 06 Nov 1994 08:49:37 GMT')
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
      assert.equal(parseHttpDate(formatHttpDate(seconds * 1000), now), seconds * 1000)
    }),
  )
})
