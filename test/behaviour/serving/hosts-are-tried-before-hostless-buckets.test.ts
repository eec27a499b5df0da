import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy, startProxyBefore } from '../../support/start-proxy.ts'

test('a bucket with hosts is served there only, and before those without', async (t) => {
  const { origin, clock } = await startProxy(t)
  const s3 = { bucket: 'assets', region: 'r', endpoint: origin.endpoint, anonymous: true }
  const assets = { name: 'assets', path_prefix: '/', hosts: ['Assets.example.com'], s3 }
  const proxy = await startProxyBefore(t, origin.endpoint, { clock, moreBuckets: [assets] })
  origin.serve('/assets/b/a.txt', 'of the host')
  origin.serve('/bucket/a.txt', 'of any host')
  const get = (host: string, path = '/b/a.txt') => proxy.get(path, { headers: { host } })

  assert.equal((await get('assets.example.com')).text, 'of the host')
  assert.equal((await get('ASSETS.example.com:8080')).text, 'of the host')
  assert.equal((await get('other.example.com')).text, 'of any host')
  assert.equal((await get('assets.example.com.evil')).text, 'of any host')
  assert.equal((await get('other.example.com', '/x')).status, 404)
  assert.equal(origin.requests().length, 2)
})
