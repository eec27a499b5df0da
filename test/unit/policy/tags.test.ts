import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anyTag } from '../../../src/cache/scope.ts'
import { tagsIn } from '../../../src/policy/tags.ts'
import { fc } from '../../support/fast-check.ts'

/** As node:http hands a text over: each byte of its UTF-8 form a character. */
const sent = (text: string) => Buffer.from(text).toString('latin1')
const many = (count: number, bytes: number) =>
  Array.from({ length: count }, (_, index) => `${index}`.padEnd(bytes, 'x')).join(',')

const cases: readonly (readonly [what: string, headers: readonly string[], tags: readonly string[]])[] = [
  ['no field, no tag', ['Content-Type', 'text/plain'], []],
  ['metadata of S3, parted by commas', ['x-amz-meta-cache-tag', 'a,b , c\td,, '], ['a', 'b', anyTag]],
  ['Cache-Tag, with spaces in a tag', ['Cache-Tag', 'summer sale, shoes'], ['summer sale', 'shoes']],
  ['Surrogate-Key, parted by space', ['SURROGATE-KEY', ' a  b\tc,d '], ['a', 'b', 'c,d']],
  ['Cache-Groups, a list of strings', ['Cache-Groups', '"a, b", "c\\"d";x=1'], ['a, b', 'c"d']],
  [
    'a field in several lines',
    ['Surrogate-Key', 'a b', 'Surrogate-Key', 'c', 'Cache-Groups', '"d"', 'cache-groups', '"e"'],
    [...'abcde'],
  ],
  [
    'all fields together, each tag once',
    ['Cache-Tag', 'a,b,a', 'Surrogate-Key', 'b c', 'Cache-Groups', '"c", "d"'],
    [...'abcd'],
  ],
  ['case is kept', ['Cache-Tag', 'A,a'], ['A', 'a']],
  ['what is not a list is no group', ['Cache-Groups', '"a", ,', 'Cache-Tag', 'b'], ['b']],
  ['what is not a string is no group', ['Cache-Groups', 'a, 1, ("b"), "c", ""'], ['c']],
  ['UTF-8 is read as such', ['Cache-Tag', sent('caf\u00e9,\u65e5\u672c\u00a0x')], ['caf\u00e9', '\u65e5\u672c\u00a0x']],
  ['what is no UTF-8 stays as it is', ['Cache-Tag', 'caf\xe9'], ['caf\xe9']],
  ['a tag may say that it is any tag', ['Cache-Tag', 'a,*'], ['a', anyTag]],
  ['an escaped control character', ['Cache-Tag', `a,${sent('b\u0085c')}`], ['a', anyTag]],
  ['a tag of 1 KiB', ['Cache-Tag', 'x'.repeat(1024)], ['x'.repeat(1024)]],
  ['a tag again and again', ['Cache-Tag', many(1, 1000).concat(',').repeat(20)], [many(1, 1000)]],
  ['a tag of more', ['Cache-Tag', `a,${'x'.repeat(1025)},b`], ['a', 'b', anyTag]],
]

for (const [what, headers, tags] of cases) {
  test(`tags: ${what}`, () => assert.deepEqual(tagsIn(headers), tags))
}

test('as many tags as may be are kept; of more the first, and a stand-in for the rest', () => {
  assert.equal(tagsIn(['Cache-Tag', many(128, 64)]).length, 128)
  assert.ok(!tagsIn(['Cache-Tag', many(128, 64)]).includes(anyTag))
  for (const [count, bytes, kept] of [
    [129, 4, 128],
    [129, 64, 128],
    [128, 65, 126],
  ] as const) {
    const tags = tagsIn(['Cache-Tag', many(count, bytes)])
    assert.deepEqual(tags, [...many(count, bytes).split(',').slice(0, kept), anyTag])
  }
})

test('bytes count as they were sent', () => {
  const tag = '\u65e5'.repeat(341)
  assert.deepEqual(tagsIn(['Cache-Tag', sent(tag)]), [tag])
  assert.deepEqual(tagsIn(['Cache-Tag', sent(`${tag}\u00e9`)]), [anyTag])
})

test('all objects without tags share one list', () => {
  assert.equal(tagsIn([]), tagsIn(['Cache-Tag', ' , ', 'Cache-Groups', '']))
})

test('whatever an origin sends, tags stay within their bounds and a tag left out is stood in for', () => {
  const names = fc.constantFrom('cache-tag', 'surrogate-key', 'cache-groups', 'x-amz-meta-cache-tag')
  const text = fc
    .array(fc.integer({ min: 0, max: 255 }), { maxLength: 3000 })
    .map((codes) => String.fromCharCode(...codes))
  const value = fc.oneof(
    text,
    fc.tuple(fc.nat(300), fc.nat(1100)).map(([count, bytes]) => many(count, bytes)),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(names, value), { maxLength: 4 }), (fields) => {
      const tags = tagsIn(fields.flat())
      const own = tags.filter((tag) => tag !== anyTag)
      assert.ok(own.length <= 128)
      assert.ok(own.reduce((sum, tag) => sum + tag.length, 0) <= 8192)
      assert.equal(new Set(tags).size, tags.length)
      for (const tag of own) assert.ok(tag !== '' && tag.length <= 1024 && !/\p{Cc}/u.test(tag))
    }),
  )
})
