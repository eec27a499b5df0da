import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFolder } from '../support/disk-folders.ts'
import { runCli, startProxyProcess } from '../support/proxy-process.ts'
import { configFor } from '../support/start-proxy.ts'

test('a second process on the same folder ends with 1 and says why; the first goes on', async (t) => {
  const folder = await makeFolder(t)
  const cache = { cache_layers: ['disk'], disk: { enabled: true, cache_dir: folder } }
  const proxy = await startProxyProcess(t, configFor('http://127.0.0.1:9', { cache }))

  const { code, stdout } = await runCli(['serve', '--config', proxy.configFile])

  assert.equal(code, 1)
  const told = stdout.split('\n').find((line) => line.includes('cannot start')) ?? ''
  assert.ok(told.includes(folder), stdout)
  assert.equal((await fetch(`${proxy.main}/health`)).status, 200)
  assert.equal(await proxy.stop(), 0)
})
