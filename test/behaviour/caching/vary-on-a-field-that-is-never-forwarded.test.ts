import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('an answer that varies by a field the origin may not see is matched on it all the same', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow', { headers: { vary: 'Cookie, Authorization, X-Forwarded-Proto' } })
  const get = (cookie: string) => proxy.get('/b/a.txt', { headers: { cookie, authorization: 'Basic eDp5' } })

  const first = await get('user=1')
  const same = await get('user=1')
  const other = await get('user=2')
  const none = await proxy.get('/b/a.txt')

  assert.equal(first.header('x-cache'), 'MISS')
  assert.equal(same.header('x-cache'), 'HIT')
  assert.equal(other.header('x-cache'), 'MISS')
  assert.equal(none.header('x-cache'), 'MISS')
  assert.equal(origin.requests('a.txt').length, 3)
  for (const { headers } of origin.requests('a.txt')) {
    assert.equal(headers.cookie, undefined)
    assert.doesNotMatch(headers.authorization ?? '', /Basic/)
  }
})
