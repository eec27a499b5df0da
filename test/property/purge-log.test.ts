import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs, RecordId } from '../../src/base/types.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import type { Purge } from '../../src/cache/purge.ts'
import { PurgeLog } from '../../src/cache/purge-log.ts'
import { anyTag, covers, type Scope, scopeKey } from '../../src/cache/scope.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { createFakeRandom } from '../support/fake-random.ts'
import { fc } from '../support/fast-check.ts'

const startMs = new FakeClock().now()
const buckets = fc.constantFrom('a', 'ab', 'b')
const objects = fc.constantFrom('x', 'xy', 'x:y', 'x/y', '', 'y')
const queries = fc.constantFrom('', 'q', 'w=1')
const keys = fc
  .tuple(buckets, objects, queries, queries)
  .map(([bucket, object, query, variant]) => new CacheKey(bucket, object, query, variant))
const ids: fc.Arbitrary<RecordId> = fc
  .tuple(keys, fc.option(fc.nat(12)))
  .map(([key, index]) => (index === null ? key.id : key.sliceId(index)))
const tag = fc.constantFrom('red', 'blue', '')
const tags = fc.uniqueArray(fc.oneof({ weight: 5, arbitrary: tag }, fc.constant(anyTag)), { maxLength: 3 })
const times = fc.nat(20).map((ms) => (startMs - ms) as EpochMs)

const scopes: fc.Arbitrary<Scope> = fc.oneof(
  fc.constant({ kind: 'all' } as const),
  buckets.map((bucket) => ({ kind: 'bucket', bucket }) as const),
  ids.map((id) => ({ kind: 'object', id }) as const),
  fc
    .tuple(buckets, objects)
    .map(([bucket, start]) => ({ kind: 'prefix', start: CacheKey.start(bucket, start) }) as const),
  fc.record({ kind: fc.constant('tag' as const), bucket: fc.option(buckets, { nil: undefined }), tag }),
)
const purges = fc.array(
  fc.record({ id: fc.uuid(), scope: scopes, at: times, kind: fc.constantFrom('hard' as const, 'soft' as const) }),
  { maxLength: 12 },
)

function logOf(heard: readonly Purge[]): PurgeLog {
  const log = new PurgeLog(new FakeClock(), createFakeRandom())
  for (const purge of heard) log.remembered(purge)
  return log
}

test('a hard purge covers exactly what its scope covers and its time says', () => {
  fc.assert(
    fc.property(purges, ids, tags, times, (heard, id, carried, at) => {
      const log = logOf(heard)
      const inForce = heard.filter((purge) => purge.kind === 'hard' && at <= purge.at)
      assert.equal(
        log.covers(id, carried, at),
        inForce.some(({ scope }) => covers(scope, id, carried)),
      )
      assert.equal(
        log.covers(id, 'unknown', at),
        inForce.some(({ scope }) => covers(scope, id, [anyTag])),
      )
    }),
    { numRuns: 2000 },
  )
})

test('stale is what a soft purge covers, since the earliest of those that are the newest of their scopes', () => {
  fc.assert(
    fc.property(purges, ids, tags, times, (heard, id, carried, at) => {
      const newest = new Map<string, Purge>()
      for (const purge of heard.filter(({ kind }) => kind === 'soft')) {
        const known = newest.get(scopeKey(purge.scope))
        if (known === undefined || known.at < purge.at) newest.set(scopeKey(purge.scope), purge)
      }
      const since = [...newest.values()].filter((purge) => at <= purge.at && covers(purge.scope, id, carried))
      const found = logOf(heard).staleSince(id, carried, at)
      // Of many tags at once only the latest time is known.
      if (carried.includes(anyTag)) assert.equal(found !== undefined, since.length > 0)
      else assert.equal(found, since.length === 0 ? undefined : Math.min(...since.map((purge) => purge.at)))
    }),
    { numRuns: 2000 },
  )
})

test('the order in which purges are heard of does not matter, nor how often', () => {
  const heardTwice = purges.chain((heard) =>
    fc.tuple(fc.constant(heard), fc.shuffledSubarray([...heard, ...heard], { minLength: 2 * heard.length })),
  )
  fc.assert(
    fc.property(heardTwice, ids, tags, times, ([heard, again], id, carried, at) => {
      const [one, other] = [logOf(heard), logOf(again)]
      assert.equal(one.covers(id, carried, at), other.covers(id, carried, at))
      assert.equal(one.staleSince(id, carried, at), other.staleSince(id, carried, at))
    }),
    { numRuns: 500 },
  )
})
