import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordId } from '../../src/base/types.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import type { TaggedEntry } from '../../src/cache/disk-entry.ts'
import { DiskIndex } from '../../src/cache/disk-index.ts'
import { anyTag, covers, everything, type Scope } from '../../src/cache/scope.ts'
import { restore } from '../support/disk-index.ts'
import { fc } from '../support/fast-check.ts'

const options = { maxBytes: 2 ** 40, onEvict: () => undefined }
const buckets = fc.constantFrom('a', 'ab')
/** Long enough that a few dozen fill a segment, and that removing them sets off compaction. */
const padding = 'x'.repeat(10_000)
const objects = fc.nat(40).map((number) => `${number}/${padding}`)
const ids = fc.tuple(buckets, objects, fc.constantFrom('', 'w=1'), fc.option(fc.nat(300))).map(([bucket, ...rest]) => {
  const [object, query, slice] = rest
  const key = new CacheKey(bucket, object, query)
  return slice === null ? key.id : key.sliceId(slice)
})
const tags = fc.constantFrom('red', 'redder', 'rot und grün', anyTag)
const entries: fc.Arbitrary<TaggedEntry> = fc
  .tuple(ids, fc.uniqueArray(tags, { maxLength: 3 }))
  .map(([id, some]) => ({ id, tags: some, bytes: 1, headBytes: 1, bodyBytes: 1, uselessAfterS: 0 }))
const scopes: fc.Arbitrary<Scope> = fc.oneof(
  fc.constant(everything),
  buckets.map((bucket): Scope => ({ kind: 'bucket', bucket })),
  ids.map((id): Scope => ({ kind: 'object', id })),
  fc.tuple(buckets, fc.constantFrom('', '1', '23/', '23/x')).map(([bucket, start]): Scope => {
    return { kind: 'prefix', start: CacheKey.start(bucket, start) }
  }),
  fc
    .tuple(fc.option(buckets, { nil: undefined }), fc.constantFrom('red', 'violet', 'rot und grün'))
    .map((some): Scope => {
      const [bucket, tag] = some
      return { kind: 'tag', tag, bucket }
    }),
)
/** What happens between two steps of a search. */
const changes = fc.array(fc.oneof(entries, ids), { maxLength: 40, size: 'max' })
const manyEntries = fc.array(entries, { maxLength: 100, size: 'max' })

/** An index and what must be in it, with the ids that came or went since the search began apart. */
class Model {
  index = new DiskIndex(options)
  readonly held = new Map<RecordId, TaggedEntry>()
  readonly touched = new Set<RecordId>()

  constructor(all: readonly TaggedEntry[]) {
    for (const entry of all) this.change(entry)
    this.touched.clear()
  }

  change(what: TaggedEntry | RecordId): void {
    const id = typeof what === 'string' ? what : what.id
    this.touched.add(id)
    this.index.delete(id)
    this.held.delete(id)
    if (typeof what === 'string') return
    assert.equal(this.index.set(what), true)
    this.held.set(id, what)
  }

  /** Those that nobody touched and the scope covers, or not. */
  untouched(scope: Scope, isCovered: boolean): readonly RecordId[] {
    const all = [...this.held.values()].filter(({ id, tags: some }) => covers(scope, id, some) === isCovered)
    return all.map(({ id }) => id).filter((id) => !this.touched.has(id))
  }
}

/** Takes the steps of a search, with some of the changes after each. */
function search<T>(model: Model, steps: Iterable<T | undefined>, later: readonly (TaggedEntry | RecordId)[]): T[] {
  const found: T[] = []
  const rest = [...later]
  for (const step of steps) {
    if (step !== undefined) found.push(step)
    for (const change of rest.splice(0, 4)) model.change(change)
  }
  return found
}

test('whatever comes, goes and moves meanwhile: what stays is listed once if it is covered, and not if it is not', () => {
  fc.assert(
    fc.property(manyEntries, scopes, changes, (before, scope, later) => {
      const model = new Model(before)
      const listed = search(model, model.index.list(scope), later).map(({ id }) => id)
      const wanted = model.untouched(scope, true)
      const others = new Set(model.untouched(scope, false))
      assert.deepEqual(
        wanted.map((id) => listed.filter((one) => one === id).length),
        wanted.map(() => 1),
      )
      assert.deepEqual(
        listed.filter((id) => others.has(id)),
        [],
      )
    }),
    { numRuns: 200 },
  )
})

test('whatever comes, goes and moves meanwhile: what was covered is taken out, and nothing else is', () => {
  fc.assert(
    fc.property(manyEntries, scopes, changes, (before, scope, later) => {
      const model = new Model(before)
      const bytesBefore = model.index.bytes
      assert.equal(bytesBefore, model.held.size)
      search(model, model.index.take(scope), later)
      for (const id of model.untouched(scope, true)) assert.equal(model.index.peek(id), undefined)
      for (const id of model.untouched(scope, false)) assert.ok(model.index.peek(id))
    }),
    { numRuns: 200 },
  )
})

test('an index that was saved and restored finds what it held', () => {
  fc.assert(
    fc.property(manyEntries, scopes, (before, scope) => {
      const model = new Model(before)
      const restored = restore(model.index.snapshot(), options)
      assert.ok(restored)
      const listed = [...restored.list(scope)].flatMap((one) => one?.id ?? [])
      assert.deepEqual(new Set(listed), new Set(model.untouched(scope, true)))
      assert.deepEqual(
        listed.map((id) => restored.tagsOf(id)),
        listed.map((id) => model.held.get(id)?.tags),
      )
    }),
    { numRuns: 50 },
  )
})
