import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskColumns, noText } from '../../../src/cache/disk-columns.ts'
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
  const texts = ['', 'a', 'bücher/日本語/😀', '\0\n', 'x'.repeat(65_535)]
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

test('a text starts with its own beginnings alone', () => {
  const { arena } = createArena()
  arena.add(0, 'media:a')
  arena.add(1, 'x')
  const startsWith = (prefix: string) => arena.startsWith(0, Buffer.from(prefix))
  assert.deepEqual(['', 'media:', 'media:a', 'media:ax', 'medib', 'edia'].map(startsWith), [
    true,
    true,
    true,
    false,
    false,
    false,
  ])
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
