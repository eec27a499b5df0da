import assert from 'node:assert/strict'
import test from 'node:test'
import { parseJsonObject } from '../../../src/access/json-object.ts'
import { fc } from '../../support/fast-check.ts'

const parse = (text: string) => parseJsonObject(Buffer.from(text))

test('every object is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), (object, indent) => {
      const text = JSON.stringify(object, undefined, indent)
      assert.deepEqual(parse(text), JSON.parse(text))
    }),
  )
})

test('a member written twice is refused, at any depth and in any spelling of its name', () => {
  const inside = fc.constantFrom<(member: string) => string>(
    (member) => `{${member}}`,
    (member) => `{"a":{${member}}}`,
    (member) => `{"a":[1,{"b":[{${member}}]}]}`,
  )
  const escaped = (name: string) =>
    `"${Array.from({ length: name.length }, (_, i) => `\\u${name.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
  fc.assert(
    fc.property(inside, fc.string(), fc.jsonValue(), fc.jsonValue(), (within, name, one, two) => {
      const [first, second] = [JSON.stringify(one), JSON.stringify(two)]
      assert.notEqual(parse(within(`${JSON.stringify(name)}:${first}`)), undefined)
      assert.equal(parse(within(`${JSON.stringify(name)}:${first},${escaped(name)}:${second}`)), undefined)
    }),
  )
})

test('depth is no harm', () => {
  const depth = 100_000
  assert.notEqual(parse(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`), undefined)
  assert.equal(parse(`{"a":${'['.repeat(depth)}`), undefined)
})

for (const text of ['', ' ', '[]', 'null', '1', '"{}"', '{} {}', '{"a":1,}', '\ufeff{}', '{"a":01}', '{"a":NaN}']) {
  test(`${JSON.stringify(text)} is no object`, () => assert.equal(parse(text), undefined))
}

test('bytes that are no UTF-8 are no JSON', () => {
  for (const bytes of [[0xff], [0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d], [0xfe, 0xff, 0, 0x7b, 0, 0x7d]])
    assert.equal(parseJsonObject(Uint8Array.from(bytes)), undefined)
})
