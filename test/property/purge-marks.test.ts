import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs, RecordId } from '../../src/base/types.ts'
import { PurgeMarks } from '../../src/cache/purge-marks.ts'
import { anyTag, covers, type Scope, scopeKey } from '../../src/cache/scope.ts'
import { fc } from '../support/fast-check.ts'

const ids = fc.constantFrom('a:x', 'a:x:q=1', 'a:x:q=1:s=0', 'a:xy', 'b:x') as fc.Arbitrary<RecordId>
const tag = fc.constantFrom('red', 'blue')
const bucket = fc.constantFrom('a', 'b')
const scopes: fc.Arbitrary<Scope> = fc.oneof(
  fc.constant({ kind: 'all' } as const),
  bucket.map((name) => ({ kind: 'bucket', bucket: name }) as const),
  ids.map((id) => ({ kind: 'object', id }) as const),
  fc.constantFrom('a:', 'a:x', 'a:xy').map((start) => ({ kind: 'prefix', start }) as const),
  fc.record({ kind: fc.constant('tag' as const), bucket: fc.option(bucket, { nil: undefined }), tag }),
)
const at = fc.nat(1).map((ms) => ms as EpochMs)
const step = fc.record({ do: fc.constantFrom('set', 'set', 'delete'), scope: scopes, at })

type Step = { readonly do: 'set' | 'delete'; readonly scope: Scope; readonly at: EpochMs }

/** The latest time of each scope, in a plain list. */
class Model {
  readonly #times = new Map<string, Pick<Step, 'scope' | 'at'>>()

  take({ do: what, scope, at }: Step): void {
    const key = scopeKey(scope)
    const known = this.#times.get(key)?.at ?? -1
    if (what === 'set' && known < at) this.#times.set(key, { scope, at })
    if (what === 'delete' && known === at) this.#times.delete(key)
  }

  get size(): number {
    return this.#times.size
  }

  timesOf(id: RecordId, tags: readonly string[]): readonly EpochMs[] {
    return [...this.#times.values()].filter(({ scope }) => covers(scope, id, tags)).map(({ at }) => at)
  }
}

test('the times of a record are those of the scopes that cover it, the latest of each, whatever was set and deleted', () => {
  const tags = fc.uniqueArray(tag, { maxLength: 2 })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30, size: 'max' }), ids, tags, (steps, id, carried) => {
      const [marks, model] = [new PurgeMarks(), new Model()]
      for (const next of steps) {
        model.take(next)
        marks[next.do](next.scope, next.at)
      }
      assert.deepEqual([...marks.timesOf(id, carried)].sort(), [...model.timesOf(id, carried)].sort())
      assert.equal(marks.isEmpty, model.size === 0)
      // Of tags that are not known a later time than any may be said, never an earlier one.
      const latest = Math.max(-1, ...model.timesOf(id, [anyTag]))
      for (const all of ['unknown', [anyTag]] as const) assert.ok(Math.max(-1, ...marks.timesOf(id, all)) >= latest)
    }),
    { numRuns: 3000 },
  )
})
