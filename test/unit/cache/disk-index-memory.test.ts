import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskIndex } from '../../../src/cache/disk-index.ts'
import { entryOf, restore } from '../../support/disk-index.ts'

const mebibyte = 2 ** 20
const roomy = { maxBytes: 2 ** 34, onEvict: () => undefined }

function filled(entries: number, maxMemoryBytes?: number): { readonly index: DiskIndex; readonly evicted: number } {
  const stage = { evicted: 0 }
  const index = new DiskIndex({ maxBytes: 2 ** 34, maxMemoryBytes, onEvict: () => stage.evicted++ })
  for (let number = 0; number < entries; number++) {
    index.makeRoom(4096)
    index.set(entryOf(`${number}`.padStart(60, '-'), 4096))
  }
  return { index, evicted: stage.evicted }
}

test('an index whose own bound is reached gives up records, though the disk has room', () => {
  const { index, evicted } = filled(20_000, mebibyte)
  assert.ok(index.memoryBytes <= mebibyte + 1000, `${index.memoryBytes}`)
  assert.ok(index.memoryBytes > mebibyte / 2, `${index.memoryBytes}`)
  assert.equal(evicted + index.size, 20_000)
})

test('without one it grows with what is on the disk', () => {
  const { index, evicted } = filled(20_000)
  assert.deepEqual([index.size, evicted], [20_000, 0])
  assert.ok(index.memoryBytes > 2 * mebibyte)
  assert.equal(index.usage().memoryBytes, index.memoryBytes)
})

test('what was saved under a larger bound is cut down to this one', () => {
  const index = restore(filled(20_000).index.snapshot(), { ...roomy, maxMemoryBytes: mebibyte })
  index?.makeRoom(0)
  assert.ok(index !== undefined && index.size > 0 && index.memoryBytes <= mebibyte)
})
