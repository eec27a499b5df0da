import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from 'undici'
import { startProxy } from '../../support/start-proxy.ts'

test('a GET or HEAD with a body is a 413, and S3 is not asked', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow')

  for (const method of ['GET', 'HEAD'] as const) {
    const { statusCode, body } = await request(`${proxy.main}/b/a.txt`, { method, body: 'surprise', reset: true })
    await body.dump()
    assert.equal(statusCode, 413, method)
  }
  assert.equal(origin.requests().length, 0)
  assert.equal(await proxy.metric('yatagarasu_rejected_requests_total', { reason: 'body' }), 2)
})

test('Content-Length: 0 is no body', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow')

  const { statusCode, body } = await request(`${proxy.main}/b/a.txt`, {
    method: 'GET',
    headers: { 'content-length': '0' },
    reset: true,
  })

  assert.equal(statusCode, 200)
  assert.equal(await body.text(), 'crow')
})
