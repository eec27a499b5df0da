import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startFakeOrigin } from '../../support/fake-origin.ts'
import { runCli, startProxyProcess } from '../../support/proxy-process.ts'

const configFor = (endpoint: string) => ({
  server: { address: '127.0.0.1:0' },
  metrics: { address: '127.0.0.1:0' },
  buckets: [
    {
      name: 'b',
      path_prefix: '/b',
      s3: { bucket: 'bucket', region: 'us-east-1', endpoint, access_key: 'AKIA', secret_key: 'secret' },
    },
  ],
})

test('the proxy runs as a process of its own, and ends when told to', async (t) => {
  const origin = await startFakeOrigin(t)
  origin.serve('hello', 'three legs')
  const proxy = await startProxyProcess(t, configFor(origin.endpoint))

  const response = await fetch(`${proxy.main}/b/hello`)
  assert.equal(await response.text(), 'three legs')
  const health = await fetch(`${proxy.metrics}/health`)
  assert.equal(health.status, 200)
  await health.body?.cancel()
  assert.ok((await proxy.rssBytes()) > 10_000_000)

  assert.equal(await proxy.stop(), 0)
  assert.match(proxy.stdout.join('\n'), /"msg":"listening"/)
})

test('a proxy that cannot start says why', async (t) => {
  await assert.rejects(startProxyProcess(t, 'buckets: 1'), /buckets/)
})

test('a command of the CLI is run to its end', async () => {
  const { code, stderr } = await runCli(['fly'])
  assert.equal(code, 2)
  assert.match(stderr, /fly/)
})
