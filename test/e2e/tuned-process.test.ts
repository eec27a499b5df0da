import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startFakeOrigin } from '../support/fake-origin.ts'
import { startProxyProcess } from '../support/proxy-process.ts'
import { configFor } from '../support/start-proxy.ts'

const onLinux = { skip: process.platform !== 'linux' && 'reads /proc' }

test('the proxy runs with the flags it wants under the pid it was started with', onLinux, async (t) => {
  const proxy = await startProxyProcess(t, configFor((await startFakeOrigin(t)).endpoint, {}))

  const words = (await readFile(`/proc/${proxy.pid}/cmdline`, 'utf8')).split('\0')
  assert.ok(words.includes('--max-semi-space-size=8'), words.join(' '))
  assert.match(await readFile(`/proc/${proxy.pid}/environ`, 'utf8'), /(^|\0)MALLOC_ARENA_MAX=1\0/)
  const environment = await readFile(`/proc/${proxy.pid}/environ`, 'utf8')
  assert.match(environment, /(^|\0)NODE_COMPILE_CACHE=.*\/node_modules\/.cache\/yatagarasu\0/)
  assert.equal(proxy.stderr.join(), '')
  assert.equal(await proxy.stop(), 0)
})

test('what the environment says about malloc wins', onLinux, async (t) => {
  const config = configFor((await startFakeOrigin(t)).endpoint, {})
  const proxy = await startProxyProcess(t, config, { env: { MALLOC_ARENA_MAX: '4' } })

  assert.match(await readFile(`/proc/${proxy.pid}/environ`, 'utf8'), /(^|\0)MALLOC_ARENA_MAX=4\0/)
})

test('what node made of the sources is kept for the next start, even by a process that is killed', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-compiled-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const config = configFor((await startFakeOrigin(t)).endpoint, { server: { workers: 2 } })
  const start = () => startProxyProcess(t, config, { env: { NODE_COMPILE_CACHE: folder } })
  const kept = async () => (await readdir(folder, { recursive: true })).length
  assert.equal(await (await start()).stop('SIGKILL'), null)
  const first = await kept()
  assert.ok(first > 300, `${first}`)
  assert.equal(await (await start()).stop('SIGKILL'), null)
  assert.equal(await kept(), first)
})
