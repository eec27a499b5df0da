import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs, RecordId } from '../../../src/base/types.ts'
import type { Purge } from '../../../src/cache/purge.ts'
import { decodePurge, encodePurge } from '../../../src/cache/redis-purge-text.ts'
import { everything, type Scope } from '../../../src/cache/scope.ts'
import { fc } from '../../support/fast-check.ts'

const at = 5 as EpochMs
const text = fc.string({ unit: 'binary' })

const scopes: fc.Arbitrary<Scope> = fc.oneof(
  fc.constant(everything),
  text.map((bucket): Scope => ({ kind: 'bucket', bucket })),
  text.map((id): Scope => ({ kind: 'object', id: id as RecordId })),
  text.map((start): Scope => ({ kind: 'prefix', start })),
  text.map((tag): Scope => ({ kind: 'tag', tag })),
  fc.tuple(text, text).map(([bucket, tag]): Scope => ({ kind: 'tag', bucket, tag })),
)

test('a purge comes back as it was, with the time of its score', () => {
  const kinds = fc.constantFrom<Purge['kind']>('hard', 'soft')
  fc.assert(
    fc.property(scopes, kinds, fc.uuid(), (scope, kind, id) => {
      assert.deepEqual(decodePurge(encodePurge({ id, scope, kind, at: 1 as EpochMs }), at), { id, scope, kind, at })
    }),
  )
})

const good = { format: 1, id: 'a', kind: 'soft', scope: { kind: 'bucket', bucket: 'media' } }
const foreign: Readonly<Record<string, unknown>> = {
  'another version': { ...good, format: 2 },
  'without an id': { ...good, id: undefined },
  'another kind': { ...good, kind: 'gentle' },
  'without a scope': { ...good, scope: undefined },
  'another scope': { ...good, scope: { kind: 'galaxy' } },
  'a bucket without its name': { ...good, scope: { kind: 'bucket' } },
  'an object without its id': { ...good, scope: { kind: 'object', id: 7 } },
  'a prefix without its start': { ...good, scope: { kind: 'prefix' } },
  'a tag without its name': { ...good, scope: { kind: 'tag', bucket: 'media' } },
  'a tag of a bucket that is no text': { ...good, scope: { kind: 'tag', tag: 'red', bucket: null } },
  'a scope alone': good.scope,
  'a number': 7,
  null: null,
}

for (const [what, value] of Object.entries(foreign)) {
  test(`what is ${what} counts as a hard purge of everything`, () => {
    const { scope, kind, at: since } = decodePurge(JSON.stringify(value), at)
    assert.deepEqual({ scope, kind, since }, { scope: everything, kind: 'hard', since: at })
  })
}

test('any text is read without throwing, and the same text is the same purge', () => {
  fc.assert(fc.property(text, (any) => assert.deepEqual(decodePurge(any, at), decodePurge(any, at))))
  assert.notEqual(decodePurge('one', at).id, decodePurge('other', at).id)
})
