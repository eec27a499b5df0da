import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('each request is one line that says what happened and no secret', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a b.txt', 'crow')
  const headers = { authorization: 'Bearer token-of-a-client', cookie: 'session=token-of-a-client' }

  await proxy.get('/b/a%20b.txt?X-Amz-Signature=token-of-a-client', { headers })
  await proxy.get('/b/a%20b.txt')
  await proxy.get('/b/none.txt', { method: 'HEAD' })
  await proxy.get('/nowhere')
  await proxy.untilLogged(4)

  const seen = proxy.log.map(({ method, path, status, bytes, bucket, cache, tier, error }) => {
    return [method, path, status, bytes, bucket, cache, tier, error]
  })
  assert.deepEqual(seen.slice(0, 3), [
    ['GET', '/b/a%20b.txt', 200, 4, 'b', 'miss', undefined, undefined],
    ['GET', '/b/a%20b.txt', 200, 4, 'b', 'hit', 'memory', undefined],
    ['HEAD', '/b/none.txt', 404, 0, 'b', 'miss', undefined, 'NoSuchKey'],
  ])
  assert.deepEqual([proxy.log[3]?.['status'], proxy.log[3]?.['error']], [404, 'NoSuchRoute'])
  for (const line of proxy.log) {
    assert.equal(line['client_ip'], '127.0.0.1')
    assert.equal(line['level'], 30)
    assert.equal(typeof line['duration_ms'], 'number')
  }
  assert.doesNotMatch(JSON.stringify(proxy.log), /token-of-a-client|test-secret|AWS4-HMAC/)
})
