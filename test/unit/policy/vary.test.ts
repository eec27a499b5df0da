import assert from 'node:assert/strict'
import { test } from 'node:test'
import { variantOf, varyNames } from '../../../src/policy/vary.ts'
import { lines } from './answers.ts'

const names: readonly (readonly [vary: readonly string[], expected: readonly string[] | '*'])[] = [
  [[], []],
  [['Vary: '], []],
  [['Vary: Foo, Bar,foo'], ['bar', 'foo']],
  [
    ['Vary: Foo', 'Vary: Bar'],
    ['bar', 'foo'],
  ],
  [['Vary: *'], '*'],
  [['Vary: *, *'], '*'],
  [['Vary: , *'], '*'],
  [['Vary: ', 'Vary: *'], '*'],
  [['Vary: *, Foo'], '*'],
  [['Vary: Foo, *'], '*'],
  [['Vary: foo bar'], '*'],
  [['Vary: "foo"'], '*'],
]

for (const [vary, expected] of names) {
  test(`'${vary.join(' | ')}' names ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(varyNames(lines(...vary)), expected)
  })
}

type Values = Record<string, string>

const keyOf = (values: Values) => variantOf(['accept-language', 'bar', 'foo'], (name) => values[name])

const same: readonly (readonly [Values, Values])[] = [
  [{ foo: '1' }, { foo: '1' }],
  [
    { foo: '1', other: '2' },
    { foo: '1', other: '3' },
  ],
  [{ foo: '1,2' }, { foo: ' 1, 2\t' }],
  [{ foo: '1, 2' }, { foo: '1 ,2' }],
  [{ 'accept-language': 'en, de' }, { 'accept-language': 'de, en' }],
  [{ 'accept-language': 'en, de' }, { 'accept-language': 'eN, De' }],
  [{ 'accept-language': 'en, de' }, { 'accept-language': ' en ,   de' }],
  [{ 'accept-language': 'en;q=0.5' }, { 'accept-language': 'en; q=0.5' }],
]

for (const [one, other] of same) {
  test(`${JSON.stringify(one)} and ${JSON.stringify(other)} ask for one variant`, () => {
    assert.equal(keyOf(one), keyOf(other))
  })
}

const different: readonly (readonly [Values, Values])[] = [
  [{ foo: '1' }, { foo: '2' }],
  [{ foo: '1' }, {}],
  [{ foo: '' }, {}],
  [{ foo: '1' }, { bar: '1' }],
  [{ foo: '1&bar' }, { foo: '1', bar: '' }],
  [{ foo: '%26' }, { foo: '&' }],
  [{ foo: '"a, b"' }, { foo: '"a,b"' }],
  [{ foo: '1, 2' }, { foo: '2, 1' }],
  [{ foo: 'a' }, { foo: 'A' }],
  [{ foo: '\u00a0a' }, { foo: 'a' }],
  [{ 'accept-language': 'en;q=0.5, de' }, { 'accept-language': 'en, de;q=0.5' }],
]

for (const [one, other] of different) {
  test(`${JSON.stringify(one)} and ${JSON.stringify(other)} ask for two variants`, () => {
    assert.notEqual(keyOf(one), keyOf(other))
  })
}

test('only an answer that varies by nothing has an empty variant', () => {
  assert.equal(
    variantOf([], () => 'x'),
    '',
  )
  assert.notEqual(
    variantOf(['a'], () => undefined),
    '',
  )
  assert.notEqual(
    variantOf(['a'], () => '  '),
    variantOf(['a'], () => undefined),
  )
})
