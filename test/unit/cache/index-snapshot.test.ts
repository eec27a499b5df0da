import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskIndex } from '../../../src/cache/disk-index.ts'
import {
  DamagedSnapshot,
  SectionCollector,
  SectionReader,
  SectionWriter,
  snapshotFormat,
} from '../../../src/cache/index-snapshot.ts'
import { entryOf, reseal, restore } from '../../support/disk-index.ts'

const options = { maxBytes: 2 ** 30, onEvict: () => undefined }

/** Three entries of one list, in slots 0 to 2 of 1024. */
function createSnapshot(): Buffer {
  const index = new DiskIndex(options)
  for (const object of ['a', 'b', 'c']) index.set(entryOf(object, 100))
  return Buffer.concat([...index.snapshot()])
}

/** The numbers of two columns among the sections. */
const [next, textAt] = [9, 29]

/** Writes 32 bits into a column, and makes the checksum right again. */
function changed(snapshot: Buffer, section: number, slot: number, value: number): Buffer {
  const sections = snapshot.readUInt32LE(8)
  let at = 12 + 4 * sections
  for (let before = 0; before < section; before++) at += snapshot.readUInt32LE(12 + 4 * before)
  const copy = Buffer.from(snapshot)
  copy.writeInt32LE(value, at + 4 * slot)
  return reseal(copy)
}

test('under a right checksum, lists that run in circles or lose an entry are none', () => {
  const snapshot = createSnapshot()
  assert.equal(restore([changed(snapshot, next, 2, -1)], options)?.size, 3) // as it is
  assert.equal(restore([changed(snapshot, next, 2, 0)], options), undefined)
  assert.equal(restore([changed(snapshot, next, 0, -1)], options), undefined)
  assert.equal(restore([changed(snapshot, next, 0, 2)], options), undefined)
  assert.equal(restore([changed(snapshot, next, 0, 5000)], options), undefined)
})

test('under a right checksum, free slots that run in circles or into the used ones are none', () => {
  const snapshot = createSnapshot()
  assert.equal(restore([changed(snapshot, next, 1023, 3)], options), undefined)
  assert.equal(restore([changed(snapshot, next, 1023, 0)], options), undefined)
  assert.equal(restore([changed(snapshot, next, 500, -1)], options), undefined)
})

test('under a right checksum, an entry without its own text is none', () => {
  const snapshot = createSnapshot()
  assert.equal(restore([changed(snapshot, textAt, 0, 0)], options)?.size, 3) // as it is
  for (const address of [-1, 1, 13, 2 ** 18, 2 ** 30]) {
    assert.equal(restore([changed(snapshot, textAt, 0, address)], options), undefined)
  }
})

test('another format, byte order or kind of file is none, whatever its checksum says', () => {
  const snapshot = createSnapshot()
  const otherFormat = Buffer.from(snapshot)
  otherFormat.writeUInt32LE(snapshotFormat + 1, 4)
  assert.equal(restore([reseal(otherFormat)], options), undefined)
  const otherOrder = Buffer.from(snapshot)
  otherOrder.subarray(0, 4).reverse()
  assert.equal(restore([reseal(otherOrder)], options), undefined)
})

test('sections come back as they were, empty ones too, and what is lent is not copied', () => {
  const writer = new SectionWriter()
  const copied = Float64Array.of(1.5, -0)
  const lent = Uint8Array.of(1, 2, 3)
  writer.numbers(Number.POSITIVE_INFINITY, 2 ** 53)
  writer.column(copied)
  writer.lend(lent)
  writer.lend(new Uint8Array(0))
  copied[0] = 9
  const chunks = [...writer.chunks()]
  assert.ok(chunks.some(({ buffer }) => buffer === lent.buffer))
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const collector = new SectionCollector(length)
  for (const chunk of chunks) assert.equal(collector.push(chunk), true)
  const sections = collector.finish()
  assert.deepEqual(sections?.numbers(2), [Number.POSITIVE_INFINITY, 2 ** 53])
  assert.deepEqual(sections?.column(Float64Array, 2), Float64Array.of(1.5, -0))
  assert.deepEqual(sections?.column(Uint8Array), lent)
  assert.equal(sections?.isAtEnd, false)
  assert.equal(sections?.column(Uint8Array, 0).length, 0)
  assert.equal(sections?.isAtEnd, true)
  assert.throws(() => sections?.column(Uint8Array), DamagedSnapshot)
})

test('a section that is no whole number of numbers, or another number of them, is damage', () => {
  const read = (bytes: number) => new SectionReader([new Uint8Array(bytes)])
  assert.throws(() => read(12).column(Float64Array), DamagedSnapshot)
  assert.throws(() => read(16).column(Float64Array, 1), DamagedSnapshot)
  assert.throws(() => read(16).numbers(3), DamagedSnapshot)
})

test('no chunk is larger than a mebibyte', () => {
  const writer = new SectionWriter()
  writer.lend(new Uint8Array(3 * 2 ** 20 + 1))
  const lengths = Array.from(writer.chunks(), ({ length }) => length)
  assert.deepEqual(lengths, [16, 2 ** 20, 2 ** 20, 2 ** 20, 1, 4])
})

test('reading stops early when the beginning is wrong', () => {
  const collector = new SectionCollector(1000)
  assert.equal(collector.push(new Uint8Array(11)), true)
  assert.equal(collector.push(new Uint8Array(1)), false)
  assert.equal(collector.finish(), undefined)
})

test('no more is allocated than the file has bytes, whatever its beginning promises', () => {
  const before = process.memoryUsage().external
  const manySections = createSnapshot().subarray(0, 12)
  manySections.writeUInt32LE(2 ** 28, 8)
  assert.equal(new SectionCollector(1000).push(manySections), false)
  const longSection = createSnapshot()
  longSection.writeUInt32LE(2 ** 30, 12)
  assert.equal(new SectionCollector(longSection.length).push(longSection), false)
  assert.ok(process.memoryUsage().external < before + 2 ** 24)
})
