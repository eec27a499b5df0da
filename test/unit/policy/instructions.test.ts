import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instructionsOf } from '../../../src/policy/instructions.ts'
import { lines } from './answers.ts'

const fallback = { 'max-age': '7' }

const table: readonly (readonly [targeted: string, expected: Record<string, string | true>])[] = [
  ['max-age=3600', { 'max-age': '3600' }],
  ['foobar, max-age=3600;x=1', { foobar: true, 'max-age': '3600' }],
  ['max-age=99999999999', { 'max-age': '99999999999' }],
  ['none', { none: true }],
  ['no-store=?0', {}],
  ['no-cache="a, b"', { 'no-cache': '"a, b"' }],
  ['max-age="10000"', { 'max-age': '"10000"' }],
  ['max-age=abc', { 'max-age': 'abc' }],
  ['max-age=1.5', { 'max-age': '1.5' }],
  ['max-age=(1 2)', { 'max-age': '' }],
  ['max-age=:AAAA:', { 'max-age': '' }],
  ['', fallback],
  ['  ', fallback],
  ['max-age =100', fallback],
  ['max-age= 100', fallback],
  ['MaX-aGe=3600', fallback],
  ['max-age=10000, &&&&&', fallback],
  ['max-age=1,', fallback],
  ['max-age=1é', fallback],
]

for (const [targeted, expected] of table) {
  test(`CDN-Cache-Control: ${targeted} beside max-age=7 reads as ${JSON.stringify(expected)}`, () => {
    const headers = lines('Cache-Control: max-age=7', `CDN-Cache-Control: ${targeted}`)
    assert.deepEqual(Object.fromEntries(instructionsOf(headers).directives), expected)
  })
}

test('a valid targeted field takes the place of Expires too, an invalid one does not', () => {
  assert.equal(instructionsOf(lines('Expires: 0', 'CDN-Cache-Control: max-age=1')).expires, undefined)
  assert.equal(instructionsOf(lines('Expires: 0', 'CDN-Cache-Control: &')).expires, '0')
})

test('Surrogate-Control and Pragma of a response say nothing to this cache', () => {
  assert.equal(instructionsOf(lines('Surrogate-Control: no-store', 'Pragma: no-cache')).directives.size, 0)
})
