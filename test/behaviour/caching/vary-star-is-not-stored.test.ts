import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('an answer that varies by everything is not stored', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow', { headers: { vary: 'Accept-Encoding, *' } })

  await proxy.get('/b/a.txt')
  const second = await proxy.get('/b/a.txt')

  assert.equal(second.text, 'crow')
  assert.equal(second.header('x-cache'), 'MISS')
  assert.equal(origin.requests('a.txt').length, 2)
})
