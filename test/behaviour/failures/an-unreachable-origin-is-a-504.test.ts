import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('an origin that refuses connections is a 504, and nothing of it is remembered', async (t) => {
  const { proxy, origin } = await startProxy(t, { s3: { retry: { max_attempts: 1 } } })
  origin.serve('a.txt', 'crow')

  await origin.stop()
  const refused = await proxy.get('/b/a.txt')
  await origin.start()
  const served = await proxy.get('/b/a.txt')

  assert.equal(refused.status, 504)
  assert.equal(JSON.parse(refused.text).error.code, 'OriginUnreachable')
  assert.doesNotMatch(refused.text, /127\.0\.0\.1|ECONNREFUSED/)
  assert.equal(served.text, 'crow')
  assert.equal(await proxy.metric('yatagarasu_origin_requests_total', { bucket: 'b', status: 'error' }), 1)
})
