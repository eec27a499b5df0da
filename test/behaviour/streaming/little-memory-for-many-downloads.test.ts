import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { compare, longerThanBuffers, MiB } from './rig.ts'

test('more downloads than there is memory for take turns, none of them waits for a stalled one, and none has a wrong byte', async (t) => {
  const { proxy, origin } = await startProxy(t, {
    server: { memory_budget_mb: 24 },
    cache: { memory: { max_cache_size_mb: 8 } },
    clock: systemClock,
  })
  const size = longerThanBuffers
  const names = Array.from({ length: 12 }, (_, index) => `film-${index}`)
  for (const [seed, name] of names.entries()) origin.serve(name, { size, seed })
  origin.serve('small', 'crow')
  assert.equal(await proxy.metric('yatagarasu_memory_budget_bytes', { part: 'fills' }), 16 * MiB)
  assert.equal(await proxy.metric('yatagarasu_memory_budget_bytes', { part: 'cache' }), 8 * MiB)

  const stalled = await Promise.all(names.slice(0, 6).map((name) => proxy.open(`/b/${name}`)))
  const [small, ...rest] = await Promise.all([
    proxy.get('/b/small'),
    ...names.slice(6).map(async (name, index) => {
      const { body } = await proxy.open(`/b/${name}`)
      return compare(body, expectedBytes(index + 6, 0, size))
    }),
  ])
  assert.equal(small.text, 'crow')
  assert.deepEqual(rest, Array(6).fill(size))
  assert.ok((await proxy.metric('yatagarasu_memory_used_bytes', { part: 'fills' })) <= 16 * MiB)

  for (const [seed, { body }] of stalled.entries()) {
    assert.equal(await compare(body, expectedBytes(seed, 0, size)), size)
  }
  assert.equal(await proxy.metric('yatagarasu_memory_used_bytes', { part: 'fills' }), 0)
  const peak = await proxy.metric('yatagarasu_memory_peak_bytes', { part: 'fills' })
  assert.ok(peak > 12 * MiB && peak <= 16 * MiB, `${peak}`)
})

test('downloads that wait for memory keep no connection from those that have it', async (t) => {
  const { proxy, origin } = await startProxy(t, {
    server: { memory_budget_mb: 24, request_timeout_seconds: 15 },
    cache: { memory: { max_cache_size_mb: 8 } },
    s3: { connection_pool_size: 6 },
    clock: systemClock,
  })
  const size = 10 * MiB // more than a run fills before it gives way
  const names = Array.from({ length: 24 }, (_, index) => `film-${index}`)
  for (const [seed, name] of names.entries()) origin.serve(name, { size, seed })
  const lengths = names.map(async (name, seed) => {
    const { body } = await proxy.open(`/b/${name}`)
    return compare(body, expectedBytes(seed, 0, size))
  })
  assert.deepEqual(await Promise.all(lengths), Array(24).fill(size))
})
