import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('with revalidate: always each hit is confirmed first, whatever its freshness', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cache: { revalidate: 'always' } } })
  origin.serve('a.txt', 'crow', { headers: { 'cache-control': 'max-age=600' } })

  const miss = await proxy.get('/b/a.txt')
  const second = await proxy.get('/b/a.txt')

  assert.equal(miss.header('x-cache'), 'MISS')
  assert.equal(second.header('x-cache'), 'REVALIDATED')
  assert.equal(second.text, 'crow')
  assert.equal(origin.requests('a.txt').length, 2)
  assert.equal(origin.bytesSent('a.txt'), 4)
})
