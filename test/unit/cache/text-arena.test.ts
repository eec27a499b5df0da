import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskColumns, noText } from '../../../src/cache/disk-columns.ts'
import { none } from '../../../src/cache/slots.ts'
import { TextArena } from '../../../src/cache/text-arena.ts'

const KiB = 1024

function createArena(capacity = 1024) {
  const columns = new DiskColumns()
  columns.grow(capacity)
  return { columns, arena: new TextArena(columns) }
}

const textOf = (index: number, length = 1000) => `${index}:`.padEnd(length, 'ä'.repeat(3))

test('texts of any script are read back, the empty and the longest one too', () => {
  const { arena } = createArena()
  const texts = ['', 'a', 'bücher/日本語/😀', '\0\r', 'x'.repeat(65_535)]
  for (const [slot, text] of texts.entries()) assert.equal(arena.add(slot, text), true)
  assert.deepEqual(
    texts.map((_, slot) => arena.read(slot)),
    texts,
  )
})

test('a text beyond 65,535 bytes is declined, and leaves nothing behind', () => {
  const { arena, columns } = createArena()
  assert.equal(arena.add(0, 'x'.repeat(65_536)), false)
  assert.equal(arena.add(0, 'ä'.repeat(32_768)), false)
  assert.equal(columns.textAt[0], noText)
  assert.equal(arena.bytes, 0)
})

test('a text is itself and no other', () => {
  const { arena } = createArena()
  const texts = ['media:a', 'media:b', 'media:ä', 'mediä:a', 'media:aa', 'media:\u00c3\u00a4', '']
  for (const [slot, text] of texts.entries()) arena.add(slot, text)
  for (const slot of texts.keys()) {
    for (const [other, text] of texts.entries()) assert.equal(arena.isAt(slot, text), slot === other, text)
  }
})

test('removed texts give their room back: ten times as many as fit come and go', () => {
  const { arena } = createArena()
  for (let index = 0; index < 10_240; index++) {
    const slot = index % 1024
    if (index >= 1024) arena.remove(slot)
    arena.add(slot, textOf(index))
    assert.equal(arena.isAt(slot, textOf(index)), true)
  }
  for (let slot = 0; slot < 1024; slot++) assert.equal(arena.read(slot), textOf(9216 + slot))
  const liveBytes = 1024 * (Buffer.byteLength(textOf(9216)) + 6)
  assert.ok(arena.bytes <= liveBytes / 0.75 + 3 * 256 * KiB, `${arena.bytes} for ${liveBytes}`)
})

test('a segment gives its room back as soon as nothing lives in it', () => {
  const { arena } = createArena()
  for (let slot = 0; slot < 1024; slot++) arena.add(slot, textOf(slot))
  const before = arena.bytes
  for (let slot = 0; slot < 140; slot++) arena.remove(slot) // some 2 KiB each
  assert.equal(arena.bytes, before - 256 * KiB)
})

test('what stays scattered among the removed is moved together and still found', () => {
  const { arena } = createArena()
  for (let slot = 0; slot < 1024; slot++) arena.add(slot, textOf(slot))
  const before = arena.bytes
  for (let slot = 0; slot < 1024; slot++) if (slot % 8 !== 3) arena.remove(slot)
  for (let slot = 3; slot < 1024; slot += 8) assert.equal(arena.read(slot), textOf(slot))
  assert.ok(arena.bytes < before / 2, `${arena.bytes} of ${before}`)
})

test('when all are removed, one segment at most is left', () => {
  const { arena } = createArena()
  for (let slot = 0; slot < 1024; slot++) arena.add(slot, textOf(slot))
  for (let slot = 0; slot < 1024; slot++) arena.remove(slot)
  assert.ok(arena.bytes <= 256 * KiB)
})

test('a search finds what is taken out and added again behind it, in the segment that it is in', () => {
  const { arena } = createArena()
  for (let slot = 0; slot < 10; slot++) arena.add(slot, `a:${slot}`)
  const search = arena.slotsWith([Buffer.from('a:')])
  assert.equal(search.next().value, 0)
  arena.remove(9)
  arena.add(9, 'a:9')
  const found = [...search].filter((slot) => slot !== none)
  assert.deepEqual(found, [1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('a search finds what is moved while it goes on', () => {
  const { arena } = createArena()
  for (let slot = 0; slot < 1024; slot++) arena.add(slot, textOf(slot))
  const staying = Array.from({ length: 128 }, (_, index) => index * 8 + 3)
  const found = new Set<number>()
  for (const slot of arena.slotsWith([Buffer.from(':')])) {
    found.add(slot)
    if (found.size === 50) {
      for (let other = 0; other < 1024; other++) if (!staying.includes(other)) arena.remove(other)
    }
  }
  assert.ok(found.isSupersetOf(new Set(staying)))
})

test('tags are read back, and are no part of the id', () => {
  const { arena } = createArena()
  arena.add(0, 'media:ä\nred\nblau grün\n')
  arena.add(1, 'media:ä')
  arena.add(2, 'media:b\nred\n')
  assert.equal(arena.read(0), 'media:ä')
  assert.deepEqual(
    [0, 1, 2].map((slot) => arena.readTags(slot)),
    [['red', 'blau grün'], [], ['red']],
  )
  assert.deepEqual(
    [0, 1, 2].map((slot) => arena.isAt(slot, 'media:ä')),
    [true, true, false],
  )
  assert.deepEqual(
    [0, 1, 2].map((slot) => arena.isAt(slot, 'media:b')),
    [false, false, true],
  )
})
