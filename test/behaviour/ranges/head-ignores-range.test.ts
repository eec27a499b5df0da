import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('HEAD ignores Range, cold and cached, and asks the origin for none', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', 'crow'.repeat(100))

  for (const status of ['MISS', 'HIT']) {
    const answer = await proxy.get('/b/a', { method: 'HEAD', headers: { range: 'bytes=0-9' } })
    assert.equal(answer.status, 200)
    assert.equal(answer.header('content-length'), '400')
    assert.equal(answer.header('content-range'), undefined)
    assert.equal(answer.header('x-cache'), status)
  }
  const [asked, ...more] = origin.requests('a')
  assert.equal(asked?.method, 'HEAD')
  assert.equal(asked?.range, undefined)
  assert.deepEqual(more, [])
})
