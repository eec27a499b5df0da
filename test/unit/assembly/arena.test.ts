import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arenaFor } from '../../../src/assembly/arena.ts'
import { configOf, oneBucket } from '../config/parse-yaml.ts'

function arenaOf(cache: string, threads: number) {
  return arenaFor(configOf(`cache: { enabled: true, ${cache} }\n${oneBucket}`), threads)
}

test('one thread has an arena of the size that is configured, where 64 slices fit', () => {
  const arena = arenaOf('memory: { max_cache_size_mb: 64 }', 1)
  assert.ok(arena)
  assert.ok(arena.buffer.byteLength <= 64 * 2 ** 20)
  assert.ok(arena.buffer.byteLength > 63 * 2 ** 20)
})

for (const [what, cache] of [
  ['too small for that', 'memory: { max_cache_size_mb: 63 }'],
  ['too large for its addresses', 'memory: { max_cache_size_mb: 32769 }'],
  ['kept by LRU', 'memory: { max_cache_size_mb: 64, eviction: lru }'],
  ['not there', 'cache_layers: [disk], disk: { enabled: true }'],
] as const) {
  test(`one thread has no arena for a memory tier that is ${what}`, () => {
    assert.equal(arenaOf(cache, 1), undefined)
  })
}

test('several threads share one of any size', () => {
  assert.ok(arenaOf('memory: { max_cache_size_mb: 8 }', 3))
})
