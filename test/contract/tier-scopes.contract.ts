import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs, RecordId } from '../../src/base/types.ts'
import { CacheKey, wholeOf } from '../../src/cache/cache-key.ts'
import type { CacheRecord } from '../../src/cache/record.ts'
import { anyTag, covers, everything, type Scope } from '../../src/cache/scope.ts'
import type { CacheTier, Listed } from '../../src/cache/tier.ts'
import { headOf, idOf, objectOf, sliceIdOf, sliceOf } from '../support/cache-records.ts'

export interface ScopeTraits {
  /** A clearing by tag is left to be refused when it is read. */
  readonly cannotFindTags?: boolean
  /** What it says it removed are objects, not records. */
  readonly countsObjects?: boolean
}

const taggedSlice = (tags: readonly string[]): CacheRecord => ({ ...sliceOf('s', 100), tags }) as CacheRecord
const red = { tags: ['red'] }

/** Whatever two scopes might take for each other. */
const records: readonly (readonly [id: RecordId, record: CacheRecord])[] = [
  [idOf('a'), objectOf('a', red)],
  [sliceIdOf('a', 0), taggedSlice(['red'])],
  [sliceIdOf('a', 12), taggedSlice(['red'])],
  [new CacheKey('media', 'a', 'w=1').id, objectOf('query', { tags: ['blue', 'red'] })],
  [new CacheKey('media', 'a', 'w=1').sliceId(3), taggedSlice(['blue', 'red'])],
  [new CacheKey('media', 'a', '', 'gzip').id, objectOf('variant')],
  [new CacheKey('media', 'v', 'w=1').id, { kind: 'vary', names: ['accept'], originFingerprint: 'x' }],
  [idOf('ab'), objectOf('ab', { tags: ['reddish'] })],
  [idOf('a:b'), objectOf('a colon')],
  [idOf('a/b'), objectOf('a/b', { tags: ['blue'] })],
  [idOf('many'), objectOf('many', { tags: ['green', anyTag] })],
  [idOf('a', 'med'), objectOf('another bucket', red)],
  [idOf('a', 'media2'), objectOf('another bucket')],
]

const scopes: Readonly<Record<string, Scope>> = {
  everything,
  'a bucket': { kind: 'bucket', bucket: 'media' },
  'an unknown bucket': { kind: 'bucket', bucket: 'medi' },
  'an object': { kind: 'object', id: idOf('a') },
  'a query of an object': { kind: 'object', id: new CacheKey('media', 'a', 'w=1').id },
  'an object that is not there': { kind: 'object', id: idOf('b') },
  'an object of which only a query is there': { kind: 'object', id: idOf('v') },
  'a prefix': { kind: 'prefix', start: CacheKey.start('media', 'a') },
  'a prefix with what ids escape': { kind: 'prefix', start: CacheKey.start('media', 'a:') },
  'a tag': { kind: 'tag', tag: 'red' },
  'a tag of a bucket': { kind: 'tag', bucket: 'media', tag: 'red' },
  'a tag nobody has': { kind: 'tag', tag: 'violet' },
}

const tagsIn = (record: CacheRecord) => (record.kind === 'object' ? record.head.tags : Object(record).tags)
const coveredBy = (scope: Scope) => records.filter(([id, record]) => covers(scope, id, tagsIn(record)))
const sorted = (ids: Iterable<RecordId>) => [...ids].sort()

async function fill(tier: CacheTier): Promise<void> {
  for (const [id, record] of records) await tier.put(id, record)
}

async function listed(tier: CacheTier, scope: Scope): Promise<readonly Listed[]> {
  const all: Listed[] = []
  await tier.each(scope, (row) => all.push(row))
  return all
}

/** What clearing, listing and looking promise, for every kind of scope. */
export function tierScopesContract(
  name: string,
  open: () => Promise<CacheTier>,
  { cannotFindTags = false, countsObjects = false }: ScopeTraits = {},
): void {
  for (const [what, scope] of Object.entries(scopes)) {
    if (scope.kind === 'tag' && cannotFindTags) continue
    const covered = coveredBy(scope)

    test(`${name}: clear forgets ${what} and nothing else, and tells of each`, async () => {
      const tier = await open()
      await fill(tier)
      const told: RecordId[] = []
      const removed = await tier.clear(scope, (id) => told.push(id))
      const gone = covered.map(([id]) => id)
      assert.deepEqual(sorted(told), sorted(gone))
      assert.equal(removed.entries, countsObjects ? new Set(gone.map(wholeOf)).size : gone.length)
      assert.equal(removed.bytes > 0, gone.length > 0)
      assert.equal(removed.isPending, undefined)
      for (const [id, record] of records) {
        assert.deepEqual(await tier.get(id), gone.includes(id) ? undefined : record, id)
      }
      assert.equal(tier.usage().items, records.length - gone.length)
      assert.deepEqual(await tier.clear(scope), { entries: 0, bytes: 0 })
      await tier.close()
    })

    test(`${name}: each tells of ${what}, once each, and changes nothing`, async () => {
      const tier = await open()
      await fill(tier)
      const rows = await listed(tier, scope)
      assert.deepEqual(sorted(rows.map(({ id }) => id)), sorted(covered.map(([id]) => id)))
      assert.ok(rows.every(({ bytes }) => bytes > 0))
      assert.equal(tier.usage().items, records.length)
      for (const [id, record] of records) assert.deepEqual(await tier.get(id), record)
      await tier.close()
    })
  }

  test(`${name}: clearing forgets what is being put, and never what was put since by halves`, async () => {
    const later = (index: number) => objectOf(`later ${index}`, { requestedAt: (2 ** 42) as EpochMs })
    const tier = await open()
    const ids = Array.from({ length: 40 }, (_, index) => idOf(`${index}`))
    const before = ids.map((id) => tier.put(id, objectOf('before')))
    const clearing = tier.clear({ kind: 'bucket', bucket: 'media' })
    const after = ids.map((id, index) => (index % 2 === 0 ? tier.put(id, later(index)) : undefined))
    await Promise.all([...before, clearing, ...after])
    for (const [index, id] of ids.entries()) {
      const read = await tier.get(id)
      if (read !== undefined || index % 2 === 1) assert.deepEqual(read, index % 2 === 0 ? later(index) : undefined)
    }
    await tier.close()
  })

  test(`${name}: peek shows the head that is stored and is no use of it; hits are counted, or nobody counts`, async () => {
    const tier = await open()
    assert.equal(await tier.peek(idOf('a')), undefined)
    await fill(tier)
    for (let times = 0; times < 3; times++) assert.deepEqual((await tier.peek(idOf('a')))?.head, headOf(1, red))
    const { id, bytes, hits } = (await tier.peek(idOf('a')))?.listed ?? {}
    assert.equal(id, idOf('a'))
    assert.ok(bytes !== undefined && bytes > 0)
    assert.ok(hits === undefined || hits === 0)
    for (let times = 0; times < 5; times++) await tier.get(idOf('a'))
    const used = (await tier.peek(idOf('a')))?.listed
    assert.equal(used?.hits, hits === undefined ? undefined : 5)
    const [row] = await listed(tier, { kind: 'object', id: idOf('a/b') })
    assert.deepEqual(row, (await tier.peek(idOf('a/b')))?.listed)
    assert.equal(await tier.peek(sliceIdOf('a', 0)), undefined)
    assert.equal(await tier.peek(new CacheKey('media', 'v', 'w=1').id), undefined)
    assert.equal(await tier.peek(idOf('never')), undefined)
    await tier.close()
  })

  test(`${name}: after close nothing is cleared, listed or shown`, async () => {
    const tier = await open()
    await tier.close()
    await assert.rejects(tier.clear(everything))
    await assert.rejects(tier.each(everything, () => undefined))
    await assert.rejects(tier.peek(idOf('a')))
  })
}
