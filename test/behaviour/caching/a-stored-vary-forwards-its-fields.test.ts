import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('once the origin has said what an answer varies by, it sees those fields', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow', { headers: { vary: 'Accept-Language' } })

  await proxy.get('/b/a.txt', { headers: { 'accept-language': 'de', 'x-other': '1' } })
  await proxy.get('/b/a.txt', { headers: { 'accept-language': 'fr', 'x-other': '1' } })

  const [first, second] = origin.requests('a.txt')
  assert.equal(first?.headers['accept-language'], undefined)
  assert.equal(second?.headers['accept-language'], 'fr')
  assert.equal(second?.headers['x-other'], undefined)
})
