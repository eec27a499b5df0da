import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'

test('a small answer of undeclared length is cached, and a hit knows its length', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow', { chunked: true })

  const miss = await proxy.get('/b/a.txt')
  const hit = await proxy.get('/b/a.txt')

  assert.equal(miss.text, 'crow')
  assert.equal(hit.text, 'crow')
  assert.equal(hit.header('x-cache'), 'HIT')
  assert.equal(hit.header('content-length'), '4')
  assert.equal(origin.requests('a.txt').length, 1)
})

test('a large answer of undeclared length passes through and is not stored', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const size = 3 * 1024 * 1024
  origin.serve('big', { size, seed: 1 }, { chunked: true })

  const first = await proxy.get('/b/big')
  const second = await proxy.get('/b/big')

  for (const answer of [first, second]) {
    assert.ok(answer.body.equals(expectedBytes(1, 0, size)))
    assert.equal(answer.header('x-cache'), 'MISS')
    assert.equal(answer.header('content-length'), undefined)
    assert.equal(answer.header('transfer-encoding'), 'chunked')
  }
  assert.equal(origin.requests('big').length, 2)
  assert.equal(await proxy.metric('yatagarasu_cache_items', { bucket: 'b' }), 0)
})

test('a chunked answer that breaks off is not stored', async (t) => {
  const { proxy, origin } = await startProxy(t, { s3: { retry: { max_attempts: 1 } } })
  const object = origin.serve('a.txt', 'crow', { chunked: true })
  object.dropAt(2, { times: 1 })

  const broken = await proxy.get('/b/a.txt')
  const whole = await proxy.get('/b/a.txt')

  assert.equal(broken.status, 502)
  assert.equal(whole.text, 'crow')
  assert.equal(whole.header('x-cache'), 'MISS')
  assert.equal(origin.requests('a.txt').length, 2)
})
