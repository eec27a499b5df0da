import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deltaMs, grantedMs, parseCacheControl } from '../../../src/policy/cache-control.ts'

const table: readonly (readonly [value: string | undefined, expected: Record<string, string | true>])[] = [
  [undefined, {}],
  ['', {}],
  [' , ,', {}],
  ['no-store', { 'no-store': true }],
  ['No-StOrE, MaX-aGe=3600', { 'no-store': true, 'max-age': '3600' }],
  ['max-age="3600"', { 'max-age': '3600' }],
  ["max-age='3600'", { 'max-age': "'3600'" }],
  ['max-age =3600', { 'max-age': ' =3600' }],
  ['max-age= 3600', { 'max-age': ' 3600' }],
  ['max-age=', { 'max-age': '' }],
  ['foobar,max-age=1', { foobar: true, 'max-age': '1' }],
  ['extension="max-age=3600", max-age=1', { extension: 'max-age=3600', 'max-age': '1' }],
  ['max-age=1, extension="a, max-age=3600"', { 'max-age': '1', extension: 'a, max-age=3600' }],
  ['x="a\\"b, c\\\\", no-store', { x: 'a"b, c\\', 'no-store': true }],
  ['x="never closed, no-store', { x: '"never closed', 'no-store': true }],
  ['max-age=5", no-store, x="y"', { 'max-age': '5"', 'no-store': true, x: 'y' }],
  ['"no-store"', {}],
  ['=5, no-store', { 'no-store': true }],
  ['no-store foo', { 'no-store': ' foo' }],
  ['max-age=1800, max-age=1', { 'max-age': '1800, 1' }],
  ['max-age=60, max-age=60', { 'max-age': '60' }],
  ['no-cache="a", no-cache', { 'no-cache': true }],
  ['no-cache, no-cache="a"', { 'no-cache': true }],
]

for (const [value, expected] of table) {
  test(`Cache-Control: ${value} reads as ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(Object.fromEntries(parseCacheControl(value)), expected)
  })
}

const arguments_: readonly (readonly [argument: string | true | undefined, ms: number | undefined])[] = [
  [undefined, undefined],
  [true, undefined],
  ['', undefined],
  ['0', 0],
  ['003600', 3_600_000],
  ['2147483647', 2_147_483_647_000],
  ['2147483649', 2_147_483_648_000],
  ['9'.repeat(400), 2_147_483_648_000],
  ['-1', undefined],
  ['3600.0', undefined],
  ['a60', undefined],
  ['60a', undefined],
  [' 60', undefined],
  ['1e3', undefined],
  ['1800, 1', 1000],
  ['1, 1800', 1000],
  ['1800, x', undefined],
]

for (const [argument, ms] of arguments_) {
  test(`the delta-seconds ${String(argument).slice(0, 12)} are ${ms} ms`, () => assert.equal(deltaMs(argument), ms))
}

test('an invalid grant is as good as none at all, an absent one says nothing', () => {
  const directives = parseCacheControl('max-age=x, s-maxage')
  assert.equal(grantedMs(directives, 'max-age'), 0)
  assert.equal(grantedMs(directives, 's-maxage'), 0)
  assert.equal(grantedMs(directives, 'stale-if-error'), undefined)
})
