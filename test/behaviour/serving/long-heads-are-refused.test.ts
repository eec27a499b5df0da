import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a target or a head over the bound is refused, counted, and never sent on', async (t) => {
  const { proxy, origin } = await startProxy(t, { server: { limits: { max_uri_length: 100, max_header_size: 4096 } } })

  const uri = await proxy.get(`/b/${'a'.repeat(100)}`)
  const head = await proxy.get('/b/a.txt', { headers: { 'x-long': 'a'.repeat(5000) } })

  assert.equal(uri.status, 414)
  assert.equal(JSON.parse(uri.text).error.code, 'UriTooLong')
  assert.equal(head.status, 431)
  assert.equal(JSON.parse(head.text).error.code, 'HeadersTooLarge')
  assert.equal(origin.requests().length, 0)
  assert.equal(await proxy.metric('yatagarasu_rejected_requests_total', { reason: 'uri-too-long' }), 1)
  assert.equal(await proxy.metric('yatagarasu_rejected_requests_total', { reason: 'header-too-large' }), 1)
})
