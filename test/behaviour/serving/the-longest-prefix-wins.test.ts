import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy, startProxyBefore } from '../../support/start-proxy.ts'

test('the longest prefix wins, at segment boundaries only', async (t) => {
  const { origin } = await startProxy(t)
  const at = (name: string, pathPrefix: string) => {
    const s3 = { bucket: name, region: 'r', endpoint: origin.endpoint, anonymous: true }
    return { name, path_prefix: pathPrefix, s3 }
  }
  const moreBuckets = [at('api', '/b/api'), at('deep', '/b/api/v2/x')]
  const proxy = await startProxyBefore(t, origin.endpoint, { moreBuckets })
  origin.serve('/bucket/apix/a', 'b')
  origin.serve('/bucket/x', 'b')
  origin.serve('/api/v2/a', 'api')
  origin.serve('/api/v2', 'api')
  origin.serve('/deep/a', 'deep')

  assert.equal((await proxy.get('/b/apix/a')).text, 'b')
  assert.equal((await proxy.get('/b/x')).text, 'b')
  assert.equal((await proxy.get('/b/api/v2/a')).text, 'api')
  assert.equal((await proxy.get('/b/api/v2')).text, 'api')
  assert.equal((await proxy.get('/b/api/v2/x/a')).text, 'deep')
  assert.equal((await proxy.get('/b/%61pi/v2/x/a')).text, 'deep')

  const unknown = await proxy.get('/bx/a')
  assert.equal(unknown.status, 404)
  assert.equal(JSON.parse(unknown.text).error.code, 'NoSuchRoute')
  assert.equal(unknown.header('x-cache'), undefined)
})
