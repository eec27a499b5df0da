import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('reserved paths are a 404 on the public listener even under a bucket at /', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { path_prefix: '/' } })
  for (const key of ['metrics', 'admin', 'admin/cache/purge', 'health/x', 'ready/x', 'adminx'])
    origin.serve(key, 'crow')

  for (const path of ['/metrics', '/admin', '/admin/', '/admin/cache/purge', '/health/x', '/ready/x', '/%61dmin/x']) {
    const answer = await proxy.get(path)
    assert.equal(answer.status, 404, path)
    assert.doesNotMatch(answer.text, /yatagarasu_|crow/, path)
  }
  assert.equal(origin.requests().length, 0)
  assert.equal((await proxy.get('/adminx')).text, 'crow')
})
