import assert from 'node:assert/strict'
import test from 'node:test'
import { parseFilter } from '../../../src/admin/where.ts'
import type { EpochMs } from '../../../src/base/types.ts'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { anyTag } from '../../../src/cache/scope.ts'
import { type EntryFacts, factsOf, selects } from '../../../src/objects/entry-filter.ts'

const facts: EntryFacts = {
  bucket: 'img',
  key: 'a/b.png',
  tags: ['red', 'big'],
  contentType: 'Image/PNG; charset=x',
  size: 1000,
  ageSeconds: 60,
  hits: 3,
}

for (const [where, isSelected, more] of [
  [{ bucket: 'img' }, true],
  [{ bucket: 'films' }, false],
  [{ bucket: { eq: 'img' } }, true],
  [{ bucket: { ne: 'img' } }, false],
  [{ bucket: { in: ['films', 'img'] } }, true],
  [{ key: { glob: 'a/*' } }, true],
  [{ key: 'a/B.png' }, false],
  [{ tag: 'red' }, true],
  [{ tag: 'blue' }, false],
  [{ tag: { ne: 'red' } }, false],
  [{ tag: { ne: 'blue' } }, true],
  [{ tag: { in: ['blue', 'big'] } }, true],
  [{ tag: { glob: 'b?g' } }, true],
  [{ tag: 'red' }, false, { tags: [] }],
  [{ tag: { glob: '*' } }, false, { tags: [] }],
  [{ content_type: 'image/png' }, true],
  [{ content_type: 'IMAGE/png; charset=y' }, true],
  [{ content_type: { glob: 'image/*' } }, true],
  [{ content_type: { ne: 'image/png' } }, false],
  [{ content_type: 'image/png' }, false, { contentType: undefined }],
  [{ content_type: { ne: 'image/png' } }, true, { contentType: undefined }],
  [{ size: 1000 }, true],
  [{ size: { ne: 1000 } }, false],
  [{ size: { in: [1, 1000] } }, true],
  [{ size: { gt: 1000 } }, false],
  [{ size: { gt: 999 } }, true],
  [{ size: { gte: 1000 } }, true],
  [{ size: { lt: 1000 } }, false],
  [{ size: { lte: 1000 } }, true],
  [{ size: { gt: 1, lt: 1000 } }, false],
  [{ age_seconds: { gte: 60 } }, true],
  [{ hits: { lt: 3 } }, false],
  [{ hits: 3 }, true],
  [{ bucket: 'img', size: 1 }, false],
  [{ and: [{ bucket: 'img' }, { size: 1 }] }, false],
  [{ or: [{ bucket: 'films' }, { size: 1000 }] }, true],
  [{ not: { bucket: 'img' } }, false],
  [{ not: { not: { bucket: 'img' } } }, true],
  [{ and: [{ bucket: 'img' }], or: [{ size: 1 }, { size: 2 }] }, false],
] as const) {
  const about = more === undefined ? '' : ` without ${Object.keys(more)}`
  test(`${JSON.stringify(where)} ${isSelected ? 'selects' : 'leaves'} the entry${about}`, () => {
    assert.equal(selects(parseFilter(where, 'where'), { ...facts, ...more }), isSelected)
  })
}

for (const where of [
  { tag: 'x' },
  { tag: { ne: 'x' } },
  { not: { tag: 'x' } },
  { not: { not: { tag: { ne: 'x' } } } },
]) {
  test(`an entry with more tags than are kept is selected by ${JSON.stringify(where)}`, () => {
    assert.equal(selects(parseFilter(where, 'where'), { ...facts, tags: ['red', anyTag] }), true)
  })
}

for (const where of [{ hits: 0 }, { hits: { ne: 0 } }, { not: { hits: { gt: 5 } } }, { hits: { lt: 9 } }]) {
  test(`an entry whose hits nobody counts is left by ${JSON.stringify(where)}`, () => {
    assert.equal(selects(parseFilter(where, 'where'), { ...facts, hits: undefined }), false)
  })
}

test('what is judged of an entry is what the cache knows of it', () => {
  const key = new CacheKey('img', 'a', 'v=1')
  const storedAt = 10_000 as EpochMs
  const entry = { id: key.id, key, status: 200, size: 7, etag: undefined, tags: ['t'], storedAt, tiers: [], hits: 2 }
  const all = { ...entry, contentType: 'a/b', expiresAt: undefined }
  const found = { bucket: 'img', key: 'a', tags: ['t'], contentType: 'a/b', size: 7, ageSeconds: 5, hits: 2 }
  assert.deepEqual(factsOf(all, 15_000 as EpochMs), found)
  assert.equal(factsOf(all, 9000 as EpochMs).ageSeconds, 0) // the clock was set back
})
