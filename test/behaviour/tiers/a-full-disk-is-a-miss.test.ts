import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TierGuard } from '../../../src/cache/tier.ts'
import { makeFolder } from '../../support/disk-folders.ts'
import { startProxy } from '../../support/start-proxy.ts'
import { onDisk } from './rig.ts'

const full = Object.assign(new Error('ENOSPC: no space left on device, open'), { code: 'ENOSPC' })

test('a disk that is full is a miss and one log line, goes on serving what it has, and recovers by itself', async (t) => {
  let isFull = false
  const tierGuard: TierGuard = (tier) => ({
    name: tier.name,
    get: (id) => tier.get(id),
    has: (id) => tier.has(id),
    put: (id, record) => (isFull ? Promise.reject(full) : tier.put(id, record)),
    remove: (id) => tier.remove(id),
    clear: (scope, onRemoved) => tier.clear(scope, onRemoved),
    each: (scope, visit) => tier.each(scope, visit),
    peek: (id) => tier.peek(id),
    usage: () => tier.usage(),
    close: () => tier.close(),
  })
  const { proxy, origin, clock } = await startProxy(t, { cache: onDisk(await makeFolder(t)), tierGuard })
  for (const key of ['kept', 'a', 'b']) origin.serve(key, key)
  await proxy.get('/b/kept')
  await proxy.untilWritten('disk', 1)
  isFull = true

  for (let time = 0; time < 4; time++) {
    for (const key of ['a', 'b']) {
      const answer = await proxy.get(`/b/${key}`)
      assert.deepEqual([answer.status, answer.text, answer.header('x-cache')], [200, key, 'MISS'])
    }
  }
  assert.equal((await proxy.get('/b/kept')).header('x-cache'), 'HIT')
  const lines = () =>
    proxy.log.filter(({ layer }) => layer === 'disk').map(({ operation, msg }) => `${operation}: ${msg}`)
  assert.deepEqual(lines(), ['put: cache tier fails', 'put: cache tier is left alone for a while'])
  assert.equal(await proxy.metric('yatagarasu_cache_errors_total', { layer: 'disk', operation: 'put' }), 5)
  assert.equal(await proxy.metric('yatagarasu_cache_writes_dropped_total', { layer: 'disk' }), 3)

  isFull = false
  await clock.advance(11_000)
  for (const key of ['a', 'b']) await proxy.get(`/b/${key}`)
  await proxy.untilWritten('disk', 3)
  for (const key of ['a', 'b']) assert.equal((await proxy.get(`/b/${key}`)).header('x-cache'), 'HIT')
  assert.deepEqual(lines().slice(2), ['put: cache tier works again', 'put: cache tier is used again'])
})
