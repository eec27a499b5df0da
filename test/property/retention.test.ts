import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordId } from '../../src/base/types.ts'
import { LruRetention } from '../../src/cache/lru.ts'
import type { Retention, RetentionOptions } from '../../src/cache/retention.ts'
import { S3GdRetention } from '../../src/cache/s3gd.ts'
import { idOf } from '../support/cache-records.ts'
import { fc } from '../support/fast-check.ts'

interface Entry {
  readonly value: string
  readonly bytes: number
}

/** What the retention must still hold, as told by what was set, deleted and reported as evicted. */
class Model {
  readonly entries = new Map<RecordId, Entry>()
  readonly retention: Retention<string>
  #sets = 0

  constructor(create: (options: RetentionOptions) => Retention<string>) {
    const onEvict = (id: RecordId, bytes: number) => {
      assert.equal(this.entries.get(id)?.bytes, bytes)
      this.entries.delete(id)
    }
    this.retention = create({ maxBytes: 10_000, maxEntryBytes: 4000, onEvict })
  }

  get bytes(): number {
    return [...this.entries.values()].reduce((sum, entry) => sum + entry.bytes, 0)
  }

  set(id: RecordId, bytes: number): void {
    this.entries.delete(id)
    const value = `${id} ${this.#sets++}`
    const isKept = this.retention.set(id, value, bytes)
    assert.equal(isKept, bytes <= 4000)
    if (isKept) this.entries.set(id, { value, bytes })
  }

  delete(id: RecordId): void {
    assert.equal(this.retention.delete(id), this.entries.get(id)?.bytes)
    this.entries.delete(id)
  }

  shrinkTo(bytes: number): void {
    this.retention.shrinkTo(bytes)
    assert.ok(this.retention.bytes <= bytes)
  }

  check(): void {
    assert.ok(this.retention.bytes <= 10_000)
    assert.equal(this.retention.bytes, this.bytes)
    assert.deepEqual(new Set(this.retention.keys()), new Set(this.entries.keys()))
    for (const [id, entry] of this.entries) assert.equal(this.retention.peek(id), entry.value)
  }
}

const ids = fc.nat(40).map((object) => idOf(`${object}`))
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('set' as const), id: ids, bytes: fc.integer({ min: 1, max: 4200 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('set' as const), id: ids, bytes: fc.integer({ min: 1, max: 300 }) }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('get' as const), id: ids, bytes: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), id: ids, bytes: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('shrinkTo' as const), id: ids, bytes: fc.nat(10_000) }) },
)

for (const [name, create] of [
  ['s3gd', (options) => new S3GdRetention<string>(options)],
  ['lru', (options) => new LruRetention<string>(options)],
] satisfies [string, (options: RetentionOptions) => Retention<string>][]) {
  test(`${name} holds exactly what was set and neither deleted nor reported as evicted, within its bound`, () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const model = new Model(create)
        for (const { do: action, id, bytes } of steps) {
          if (action === 'set') model.set(id, bytes)
          if (action === 'get') assert.equal(model.retention.get(id), model.entries.get(id)?.value)
          if (action === 'delete') model.delete(id)
          if (action === 'shrinkTo') model.shrinkTo(bytes)
          assert.equal(model.retention.size, model.entries.size)
        }
        model.check()
      }),
      { numRuns: 60 },
    )
  })
}
