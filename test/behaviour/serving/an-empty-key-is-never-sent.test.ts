import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a path without a key is a 404, and the origin is not asked to list its bucket', async (t) => {
  const { proxy, origin } = await startProxy(t)

  for (const path of ['/b', '/b/', '/b/?list-type=2']) {
    const answer = await proxy.get(path)
    assert.equal(answer.status, 404, path)
    assert.equal(JSON.parse(answer.text).error.code, 'NoSuchKey', path)
  }

  assert.equal(origin.requests().length, 0)
})

test('nor is a preflight for it, where those are left to the origin', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cors: 'passthrough' } })
  const headers = { origin: 'https://one', 'access-control-request-method': 'GET' }

  for (const path of ['/b', '/b/']) {
    assert.equal((await proxy.get(path, { method: 'OPTIONS', headers })).status, 404, path)
  }

  assert.equal(origin.requests().length, 0)
})
