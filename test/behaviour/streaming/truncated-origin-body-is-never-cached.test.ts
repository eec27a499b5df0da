import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertBytes, MiB, until } from './rig.ts'

test('a small object that breaks off reaches the client broken, and is not cached', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const size = 200_000
  origin.serve('a', { size, seed: 1 }).dropAt(100_000, { times: 1 })

  await assert.rejects(proxy.get('/b/a'), { code: 'UND_ERR_SOCKET' })
  assert.equal(await proxy.metric('yatagarasu_cache_items', { layer: 'memory' }), 0)
  const again = await proxy.get('/b/a')

  assert.equal(again.header('x-cache'), 'MISS')
  assertBytes(again.body, 1, 0, size)
  assert.equal(origin.requests('a').length, 2)
})

test('a large object that breaks off reaches the client broken; whole slices stay, and the rest is asked for', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const size = 4 * MiB
  origin.serve('a', { size, seed: 1 }).dropAt(2.5 * MiB, { times: 1 })

  await assert.rejects(proxy.get('/b/a'), { code: 'UND_ERR_SOCKET' })
  assertBytes((await proxy.get('/b/a')).body, 1, 0, size)

  assert.equal(origin.requests('a')[1]?.range, `bytes=${2 * MiB}-${size - 1}`)
  assert.equal(origin.requests('a').length, 2)
})

test('an object that breaks off before its first byte is asked for once more', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', { size: 4 * MiB, seed: 1 }).dropAt(0, { times: 1 })

  assertBytes((await proxy.get('/b/a')).body, 1, 0, 4 * MiB)
  assert.equal(origin.requests('a').length, 2)
})

test('an object that breaks off before its first byte again and again is a 502', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', { size: 4 * MiB, seed: 1 }).dropAt(0)

  assert.equal((await proxy.get('/b/a')).status, 502)
  assert.equal(origin.requests('a').length, 2)
})

test('with one attempt allowed an object that breaks off before its first byte is a 502 at once', async (t) => {
  const { proxy, origin } = await startProxy(t, { s3: { retry: { max_attempts: 1 } } })
  origin.serve('a', { size: 4 * MiB, seed: 1 }).dropAt(0)

  assert.equal((await proxy.get('/b/a')).status, 502)
  assert.equal(origin.requests('a').length, 1)
})

test('a body of unknown length that breaks off is asked for once more while it is short, and a broken response when it is long', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('short', { size: 1000, seed: 1 }, { chunked: true }).dropAt(500, { times: 1 })
  origin.serve('long', { size: 4 * MiB, seed: 1 }, { chunked: true }).dropAt(2 * MiB, { times: 1 })

  assertBytes((await proxy.get('/b/short')).body, 1, 0, 1000)
  await assert.rejects(proxy.get('/b/long'), { code: 'UND_ERR_SOCKET' })

  assertBytes((await proxy.get('/b/long')).body, 1, 0, 4 * MiB)
})

test('an origin that says a shorter object than it announced counts as a failed transfer in the log', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', { size: 200_000, seed: 1 }).dropAt(100_000)

  await assert.rejects(proxy.get('/b/a'))
  await until(() => proxy.log.some(({ path }) => path === '/b/a'))
  const line = proxy.log.find(({ path }) => path === '/b/a')
  assert.equal(line?.['error'], 'OriginTruncated')
  assert.equal(line?.['aborted'], true)
})
