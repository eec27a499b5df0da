import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordId } from '../../src/base/types.ts'
import { createMemoryTier, type Eviction } from '../../src/cache/memory-tier.ts'
import type { CacheRecord } from '../../src/cache/record.ts'
import { recordCost } from '../../src/cache/record-cost.ts'
import { covers, everything, type Scope } from '../../src/cache/scope.ts'
import { idOf, objectOf, sliceIdOf, sliceOf } from '../support/cache-records.ts'
import { fc } from '../support/fast-check.ts'
import { TierEventLog } from '../support/tier-event-log.ts'

const bounds = { maxBytes: 40_000, maxItemBytes: 5000 }

type Step =
  | { readonly do: 'put'; readonly id: RecordId; readonly record: CacheRecord }
  | { readonly do: 'get' | 'remove' | 'readerCame' | 'readerLeft'; readonly id: RecordId }
  | { readonly do: 'clear'; readonly scope: Scope }

const buckets = fc.constantFrom('a', 'b')
const objects = fc.constantFrom('1', '2', '3', '4', '5', '6')
const objectIds = fc.tuple(objects, buckets).map(([object, bucket]) => idOf(object, bucket))
const sliceIds = fc
  .tuple(objects, fc.nat(8), buckets)
  .map(([object, index, bucket]) => sliceIdOf(object, index, bucket))
const scopes: fc.Arbitrary<Scope> = fc.oneof(
  fc.constant(everything),
  buckets.map((bucket) => ({ kind: 'bucket', bucket }) as const),
  objectIds.map((id) => ({ kind: 'object', id }) as const),
  objectIds.map((id) => ({ kind: 'prefix', start: id }) as const),
)
const body = fc.oneof(fc.nat(200), fc.nat(6000))

const put = (ids: fc.Arbitrary<RecordId>, records: fc.Arbitrary<CacheRecord>) =>
  fc.record({ do: fc.constant('put' as const), id: ids, record: records })
const step: fc.Arbitrary<Step> = fc.oneof(
  put(
    objectIds,
    body.map((size) => objectOf(size)),
  ),
  put(
    sliceIds,
    fc.tuple(body, fc.constantFrom(4000, 1e6)).map(([size, objectSize]) => sliceOf(size, objectSize)),
  ),
  put(
    sliceIds,
    body.map((size) => sliceOf(size, 1e6)),
  ),
  fc.record({ do: fc.constantFrom('get', 'remove'), id: fc.oneof(objectIds, sliceIds) }),
  fc.record({ do: fc.constantFrom('readerCame', 'readerCame', 'readerLeft'), id: objectIds }),
  { weight: 1, arbitrary: scopes.map((scope) => ({ do: 'clear', scope }) as const) },
)

/** The last record put under each id, and who reads what. */
class Model {
  readonly events = new TierEventLog()
  readonly tier
  readonly put = new Map<RecordId, CacheRecord>()
  readonly readers = new Map<RecordId, number>()

  constructor(eviction: Eviction) {
    this.tier = createMemoryTier({ ...bounds, eviction }, this.events)
  }

  async run(step: Step): Promise<void> {
    switch (step.do) {
      case 'put':
        this.put.set(step.id, step.record)
        return this.tier.put(step.id, step.record)
      case 'get':
        return this.#read(step.id)
      case 'remove':
        this.put.delete(step.id)
        await this.tier.remove(step.id)
        return
      case 'clear': {
        const covered = [...this.put.keys()].filter((id) => covers(step.scope, id))
        for (const id of covered) this.put.delete(id)
        await this.tier.clear(step.scope)
        for (const id of covered) assert.equal(await this.tier.has(id), false)
        return
      }
      case 'readerCame':
        this.readers.set(step.id, (this.readers.get(step.id) ?? 0) + 1)
        return this.tier.readerCame(step.id)
      case 'readerLeft':
        if (this.readers.get(step.id) === 1) this.readers.delete(step.id)
        else if (this.readers.has(step.id)) this.readers.set(step.id, (this.readers.get(step.id) ?? 0) - 1)
        return this.tier.readerLeft(step.id)
    }
  }

  async #read(id: RecordId): Promise<void> {
    const read = await this.tier.get(id)
    assert.ok(read === undefined || read === this.put.get(id))
  }

  /** Asks for every id there may be, and compares with what the tier says it holds. */
  async recount(): Promise<{ items: number; bytes: number; passing: number }> {
    const counted = { items: 0, bytes: 0, passing: 0 }
    for (const [id, record] of this.put) {
      if (!(await this.tier.has(id))) continue
      counted.items += 1
      counted.bytes += recordCost(id, record)
      if (record.kind === 'slice' && record.objectSize > bounds.maxItemBytes) counted.passing += 1
    }
    return counted
  }
}

for (const eviction of ['s3gd', 'lru'] satisfies Eviction[]) {
  test(`${eviction}: usage is within the bound and equals a recount, and only what was put last is found`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 200, size: 'max' }), async (steps) => {
        const model = new Model(eviction)
        for (const next of steps) {
          await model.run(next)
          assert.ok(model.tier.usage().bytes <= bounds.maxBytes)
        }
        const { items, bytes, buckets: rows } = model.tier.usage()
        const { passing: _, ...counted } = await model.recount()
        assert.deepEqual({ items, bytes }, counted)
        assert.equal(
          [...rows.values()].reduce((sum, row) => sum + row.bytes, 0),
          bytes,
        )
        assert.equal(
          [...rows.values()].reduce((sum, row) => sum + row.items, 0),
          items,
        )
      }),
      { numRuns: 60 },
    )
  })

  test(`${eviction}: slices in passing leave no trace after the last reader left`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 200, size: 'max' }), async (steps) => {
        const model = new Model(eviction)
        for (const next of steps) await model.run(next)
        for (const [object, count] of model.readers) {
          for (let left = 0; left < count; left++) model.tier.readerLeft(object)
        }
        const { passing, ...counted } = await model.recount()
        assert.equal(passing, 0)
        const { items, bytes } = model.tier.usage()
        assert.deepEqual({ items, bytes }, counted)
      }),
      { numRuns: 60 },
    )
  })
}
