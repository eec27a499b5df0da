import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordId } from '../../src/base/types.ts'
import type { DiskEntry, TaggedEntry } from '../../src/cache/disk-entry.ts'
import { DiskIndex } from '../../src/cache/disk-index.ts'
import { DiskIndexRestorer } from '../../src/cache/disk-index-restorer.ts'
import { everything } from '../../src/cache/scope.ts'
import type { Usage } from '../../src/cache/tier.ts'
import { idOf } from '../support/cache-records.ts'
import { reseal, restore } from '../support/disk-index.ts'
import { fc } from '../support/fast-check.ts'

const maxBytes = 10_000
const buckets = ['media', 'med', 'other']

type Step =
  | { readonly do: 'put'; readonly entry: TaggedEntry }
  | { readonly do: 'get' | 'delete'; readonly id: RecordId }
  | { readonly do: 'makeRoom'; readonly extra: number }
  | { readonly do: 'restart' }

const ids = fc.tuple(fc.nat(60), fc.constantFrom(...buckets)).map(([object, bucket]) => idOf(`${object}`, bucket))
const sizes = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 5200 }) },
)
const entries: fc.Arbitrary<TaggedEntry> = fc.record(
  {
    id: ids,
    bytes: sizes,
    headBytes: fc.nat(1000),
    bodyBytes: fc.integer({ min: -1, max: 5000 }),
    uselessAfterS: fc.nat(2 ** 32 - 1),
    tags: fc.subarray(['red', 'blue', 'grün']),
  },
  { noNullPrototype: true },
)
const uses: readonly fc.WeightedArbitrary<Step>[] = [
  { weight: 10, arbitrary: entries.map((entry): Step => ({ do: 'put', entry })) },
  { weight: 12, arbitrary: ids.map((id): Step => ({ do: 'get', id })) },
  { weight: 2, arbitrary: ids.map((id): Step => ({ do: 'delete', id })) },
  { weight: 1, arbitrary: fc.nat(maxBytes).map((extra): Step => ({ do: 'makeRoom', extra })) },
]
const restart: fc.WeightedArbitrary<Step> = { weight: 1, arbitrary: fc.constant<Step>({ do: 'restart' }) }
const useSequences = fc.array(fc.oneof(...uses), { minLength: 100, maxLength: 600, size: 'max' })

function untagged({ tags: _, ...entry }: TaggedEntry): DiskEntry {
  return entry
}

function idsIn(index: DiskIndex): ReadonlySet<RecordId> {
  return new Set([...index.list(everything)].flatMap((listed) => listed?.id ?? []))
}

/** Takes the steps that change an index; returns what it answered. */
function take(index: DiskIndex, step: Step): unknown {
  switch (step.do) {
    case 'put':
      if (step.entry.bytes <= index.maxEntryBytes) index.makeRoom(step.entry.bytes)
      return index.set(step.entry)
    case 'get':
      return index.get(step.id)
    case 'delete':
      return index.delete(step.id)
    case 'makeRoom':
      return index.makeRoom(step.extra)
    case 'restart':
      return undefined
  }
}

/** What the index must hold, as told by what was put, deleted and reported as evicted. */
class Model {
  readonly entries = new Map<RecordId, TaggedEntry>()
  readonly #options = { maxBytes, onEvict: (id: RecordId, bytes: number) => this.#forget(id, bytes) }
  #index = new DiskIndex(this.#options)

  take(step: Step): void {
    if (step.do === 'restart') this.#restart()
    const expected = step.do === 'get' || step.do === 'delete' ? this.entries.get(step.id) : undefined
    const answer = take(this.#index, step)
    if (step.do === 'get') assert.deepEqual(answer, expected && untagged(expected))
    if (step.do === 'delete') {
      assert.equal(answer, expected?.bytes)
      this.entries.delete(step.id)
    }
    if (step.do === 'makeRoom') assert.ok(this.#index.bytes + step.extra <= maxBytes)
    if (step.do === 'put') {
      assert.equal(answer, step.entry.bytes <= maxBytes / 2)
      if (answer === true) this.entries.set(step.entry.id, step.entry)
      else this.entries.delete(step.entry.id)
    }
    this.#check()
  }

  checkAll(): void {
    assert.deepEqual(idsIn(this.#index), new Set(this.entries.keys()))
    for (const [id, entry] of this.entries) assert.deepEqual(this.#index.peek(id), untagged(entry))
  }

  #check(): void {
    assert.ok(this.#index.bytes <= maxBytes)
    assert.equal(this.#index.size, this.entries.size)
    const recounted = new Map<string, { items: number; bytes: number }>()
    for (const { id, bytes } of this.entries.values()) {
      const bucket = id.slice(0, id.indexOf(':'))
      const { items, bytes: sum } = recounted.get(bucket) ?? { items: 0, bytes: 0 }
      recounted.set(bucket, { items: items + 1, bytes: sum + bytes })
    }
    const held = ([, { items }]: [string, Usage]) => items > 0
    const { items, bytes, buckets: told } = this.#index.usage()
    assert.deepEqual(new Map([...told].filter(held)), recounted)
    assert.deepEqual([items, bytes], [this.#index.size, this.#index.bytes])
  }

  #restart(): void {
    const restored = restore(this.#index.snapshot(), this.#options)
    assert.ok(restored)
    this.#index = restored
  }

  #forget(id: RecordId, bytes: number): void {
    assert.equal(this.entries.get(id)?.bytes, bytes)
    this.entries.delete(id)
  }
}

test('it holds exactly what was set and neither deleted nor evicted, within its bound and across restarts; its accounts equal a recount', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(...uses, restart), { maxLength: 300, size: 'max' }), (steps) => {
      const model = new Model()
      for (const step of steps) model.take(step)
      model.checkAll()
    }),
    { numRuns: 100 },
  )
})

test('a restored index evicts in the order the original would have, whatever happens next', () => {
  fc.assert(
    fc.property(useSequences, useSequences, (before, after) => {
      const evicted: [RecordId[], RecordId[]] = [[], []]
      const original = new DiskIndex({ maxBytes, onEvict: (id) => evicted[0].push(id) })
      for (const step of before) take(original, step)
      const restored = restore(original.snapshot(), { maxBytes, onEvict: (id) => evicted[1].push(id) })
      assert.ok(restored)
      evicted[0].length = 0
      for (const step of after) assert.deepEqual(take(restored, step), take(original, step))
      original.makeRoom(maxBytes)
      restored.makeRoom(maxBytes)
      assert.deepEqual(evicted[1], evicted[0])
    }),
    { numRuns: 100 },
  )
})

/** An index with a life behind it: both regions, ghosts, free slots. */
function createUsedIndex(): DiskIndex {
  const index = new DiskIndex({ maxBytes, onEvict: () => undefined })
  for (const step of fc.sample(useSequences, { numRuns: 5, seed: 1 }).flat()) take(index, step)
  return index
}

const file = Buffer.concat([...createUsedIndex().snapshot()])
const options = { maxBytes, onEvict: () => undefined }

test('a snapshot in pieces of any size is read as a whole', () => {
  const expected = createUsedIndex()
  fc.assert(
    fc.property(fc.integer({ min: 1, max: file.length + 1 }), (pieceBytes) => {
      const restored = restore([file], options, pieceBytes)
      assert.deepEqual(restored?.usage(), expected.usage())
      assert.deepEqual(restored && idsIn(restored), idsIn(expected))
    }),
    { numRuns: 20, examples: [[1], [3], [file.length]] },
  )
})

test('a snapshot with any bit flipped is none', () => {
  const prelude = Array.from({ length: 12 * 8 }, (_, bit): [number] => [bit])
  fc.assert(
    fc.property(fc.nat(file.length * 8 - 1), (bit) => {
      const damaged = Buffer.from(file)
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7))
      assert.equal(restore([damaged], options), undefined)
    }),
    { numRuns: 300, examples: prelude },
  )
})

test('a snapshot cut short, or with something added, is none', () => {
  const lengths = fc.oneof(fc.nat(file.length - 1), fc.nat(200))
  fc.assert(
    fc.property(lengths, fc.uint8Array({ minLength: 1, maxLength: 100 }), (length, more) => {
      assert.equal(restore([file.subarray(0, length)], options), undefined)
      assert.equal(restore([file, more], options), undefined)
      assert.equal(restore([file.subarray(0, length), more, file.subarray(length)], options), undefined)
      const unfinished = new DiskIndexRestorer(file.length, options)
      unfinished.push(file.subarray(0, length))
      assert.equal(unfinished.finish(), undefined)
    }),
    { numRuns: 100 },
  )
})

test('anything at all is none, and never more than its length is allocated for it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(12), (bytes, kept) => {
      const begun = Buffer.concat([file.subarray(0, kept), bytes])
      assert.equal(restore([begun], options), undefined)
    }),
    { numRuns: 300 },
  )
})

test('senseless contents under a right checksum are none or an index, never a failure', () => {
  const changes = fc.array(fc.tuple(fc.nat(file.length - 5), fc.nat(255)), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(changes, (places) => {
      const changed = Buffer.from(file)
      for (const [at, value] of places) changed[at] = value
      restore([reseal(changed)], options)
    }),
    { numRuns: 500 },
  )
})
