import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Etag } from '../../../src/base/types.ts'
import { isMadeUp, revalidationHeaders, validatorTag } from '../../../src/policy/validators.ts'
import { arrival, at, date, headOf, lines } from './answers.ts'

const tagOf = (changes: Partial<Parameters<typeof validatorTag>[0]>) =>
  validatorTag({ etag: undefined, size: 5, headers: [], storedAt: arrival, ...changes })

test('a strong tag is taken as it was sent, part suffix included', () => {
  const etag = '"d41d8cd9-3"' as Etag
  assert.equal(tagOf({ etag }), etag)
  assert.equal(isMadeUp(etag), false)
})

test('a tag that is no entity-tag is not taken for a strong one', () => {
  assert.ok(isMadeUp(tagOf({ etag: '~5' as Etag })))
  assert.ok(isMadeUp(tagOf({ etag: 'abc' as Etag })))
})

test('a made-up tag tells apart what differs in size, weak tag or date', () => {
  const tags = [
    tagOf({ headers: lines('ETag: W/"a"') }),
    tagOf({ headers: lines('ETag: W/"b"') }),
    tagOf({ headers: lines('ETag: W/"a"'), size: 6 }),
    tagOf({ headers: lines('ETag: W/"a"', `Last-Modified: ${date(0)}`) }),
    tagOf({ headers: lines(`Last-Modified: ${date(0)}`) }),
    tagOf({ headers: lines(`Last-Modified: ${date(1)}`) }),
    tagOf({}),
    tagOf({ storedAt: at(1) }),
  ]
  assert.equal(new Set(tags).size, tags.length)
  assert.ok(tags.every(isMadeUp))
})

test('an answer told apart by its validators keeps its made-up tag when it is stored again', () => {
  const headers = lines('ETag: W/"a"')
  assert.equal(tagOf({ headers, storedAt: at(9) }), tagOf({ headers }))
})

const conditions: readonly (readonly [says: readonly string[], asked: ReturnType<typeof revalidationHeaders>])[] = [
  [['ETag: "a"'], { ifNoneMatch: '"a"' }],
  [['ETag: W/"a"'], { ifNoneMatch: 'W/"a"' }],
  [['ETag: abc'], { ifNoneMatch: 'abc' }],
  [['ETag: "a"', `Last-Modified: ${date(-9)}`], { ifNoneMatch: '"a"' }],
  [[`Last-Modified: ${date(-9)}`], { ifModifiedSince: date(-9) }],
  [['ETag: ', `Last-Modified: ${date(-9)}`], { ifModifiedSince: date(-9) }],
  [['Last-Modified: yesterday'], {}],
  [[], {}],
]

for (const [says, asked] of conditions) {
  test(`[${says}] is confirmed with ${JSON.stringify(asked)}`, () => {
    assert.deepEqual(revalidationHeaders(headOf(lines(...says))), asked)
  })
}
