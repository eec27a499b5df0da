import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import type { EpochMs } from '../../../src/base/types.ts'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import type { Purge } from '../../../src/cache/purge.ts'
import { firstLine, purgeLine, readPurges, syncLine } from '../../../src/cache/purge-lines.ts'
import { everything, type Scope } from '../../../src/cache/scope.ts'
import { fc } from '../../support/fast-check.ts'

const scopes: readonly Scope[] = [
  everything,
  { kind: 'bucket', bucket: 'media' },
  { kind: 'object', id: new CacheKey('media', 'a b/日本').id },
  { kind: 'prefix', start: CacheKey.start('media', 'films/') },
  { kind: 'tag', tag: 'red "and"\u2028 blue' },
  { kind: 'tag', bucket: 'media', tag: 'red' },
]
const purges = scopes.map((scope, at): Purge => {
  return { id: `${at}`, scope, at: (1000 + at) as EpochMs, kind: at % 2 === 0 ? 'hard' : 'soft' }
})
const syncedAt = 5000 as EpochMs
const file = [firstLine(), ...purges.map(purgeLine), syncLine(4000 as EpochMs), syncLine(syncedAt)].join('')

/** With its checksum. */
const sealed = (text: string) => `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`

test('purges of every kind of scope are read as they were written, and of the times of others the last', () => {
  const read = readPurges(file)
  assert.deepEqual(JSON.stringify(read?.purges), JSON.stringify(purges))
  assert.deepEqual({ ...read, purges: [] }, { purges: [], syncedAt, lines: 9, isTorn: false })
})

test('a last line without its end counts for nothing, wherever it was torn', () => {
  const last = purgeLine({ id: 'last', scope: everything, at: 1 as EpochMs, kind: 'hard' })
  for (let length = 1; length < last.length; length++) {
    const read = readPurges(file + last.slice(0, length))
    assert.equal(read?.purges.length, purges.length)
    assert.equal(read.isTorn, true)
  }
})

test('one wrong byte in any whole line, and it does not say what was purged', () => {
  const bytes = Buffer.from(file)
  fc.assert(
    fc.property(fc.nat(bytes.length - 2), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] as number) ^ change
      assert.equal(readPurges(damaged.toString()), undefined)
    }),
    { numRuns: 500 },
  )
})

const strange: Readonly<Record<string, string>> = {
  nothing: '',
  'an empty line': '\n',
  'no first line': purgeLine(purges[0] as Purge),
  'a first line that was torn': firstLine().slice(0, -1),
  'another version': sealed('{"format":2}'),
  'what is no JSON': firstLine() + sealed('{"id":'),
  'what is no object': firstLine() + sealed('null'),
  'a scope of another kind': firstLine() + sealed('{"id":"1","scope":{"kind":"galaxy"},"at":1,"kind":"hard"}'),
  'a scope without its bucket': firstLine() + sealed('{"id":"1","scope":{"kind":"bucket"},"at":1,"kind":"hard"}'),
  'no time': firstLine() + sealed('{"id":"1","scope":{"kind":"all"},"kind":"hard"}'),
  'another kind of purge': firstLine() + sealed('{"id":"1","scope":{"kind":"all"},"at":1,"kind":"gentle"}'),
  'no id': firstLine() + sealed('{"scope":{"kind":"all"},"at":1,"kind":"hard"}'),
}

for (const [what, text] of Object.entries(strange)) {
  test(`${what} does not say what was purged, whatever its checksum says`, () => {
    assert.equal(readPurges(text), undefined)
  })
}
