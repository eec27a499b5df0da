import assert from 'node:assert/strict'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { longerThanBuffers } from '../behaviour/streaming/rig.ts'
import { administered, adminSecret } from '../support/administration.ts'
import { startFakeOrigin } from '../support/fake-origin.ts'
import { type ProxyProcess, startProxyProcess } from '../support/proxy-process.ts'
import { configFor } from '../support/start-proxy.ts'
import { signedToken } from '../support/tokens.ts'

type Settings = Parameters<typeof configFor>[1]

async function untilPrinted(proxy: ProxyProcess, words: string, times = 1): Promise<void> {
  while (proxy.stdout.filter((line) => line.includes(words)).length < times) await fetch(`${proxy.metrics}/health`)
}

async function rewrite(proxy: ProxyProcess, text: string): Promise<void> {
  // As deployments do it: never half a file.
  await writeFile(`${proxy.configFile}.next`, text)
  await rename(`${proxy.configFile}.next`, proxy.configFile)
}

test('SIGHUP and POST /admin/reload apply the file, and a file with problems changes nothing', async (t) => {
  const origin = await startFakeOrigin(t)
  origin.serve('a', 'crow')
  const text = (settings: Settings) => JSON.stringify(configFor(origin.endpoint, { top: administered, ...settings }))
  const proxy = await startProxyProcess(t, text({}))
  const exp = Math.floor(Date.now() / 1000) + 600
  const authorization = `Bearer ${await signedToken({ role: 'admin', exp }, adminSecret)}`
  const reload = async () => {
    const answer = await fetch(`${proxy.main}/admin/reload`, { method: 'POST', headers: { authorization } })
    // biome-ignore lint/suspicious/noExplicitAny: an answer as this test expects it
    return { status: answer.status, json: (await answer.json()) as any }
  }
  const statusOf = async (path: string) => (await fetch(proxy.main + path)).status
  assert.equal(await statusOf('/b/a'), 200)

  await rewrite(proxy, text({ bucket: { path_prefix: '/moved' } }))
  proxy.signal('SIGHUP')
  await untilPrinted(proxy, 'config is reloaded')
  assert.deepEqual([await statusOf('/b/a'), await statusOf('/moved/a')], [404, 200])

  await rewrite(
    proxy,
    (await readFile(proxy.configFile, 'utf8')).replace('"/moved"', '"/admin/x"').replace('"us-east-1"', '7'),
  )
  const refused = await reload()
  assert.equal(refused.status, 400)
  assert.equal(refused.json.problems.length, 2)
  assert.match(refused.json.problems.join(), /buckets\[0\]\.path_prefix/)
  proxy.signal('SIGHUP')
  await untilPrinted(proxy, 'config is not reloaded', 4)
  assert.equal(await statusOf('/moved/a'), 200)

  await rewrite(proxy, text({ bucket: { path_prefix: '/again' } }))
  assert.deepEqual(await reload(), { status: 200, json: { generation: 3, restart_required: [] } })
  assert.equal(await statusOf('/again/a'), 200)
  const metrics = await (await fetch(`${proxy.metrics}/metrics`)).text()
  assert.match(metrics, /config_reloads_total\{outcome="applied"\} 2\n/)
  assert.match(metrics, /config_reloads_total\{outcome="refused"\} 2\n/)
  assert.equal(await proxy.stop(), 0)
})

test('with config_watch the file applies as soon as it changes', async (t) => {
  const origin = await startFakeOrigin(t)
  origin.serve('a', 'crow')
  const text = (settings: Settings) =>
    JSON.stringify(configFor(origin.endpoint, { top: { config_watch: true }, ...settings }))
  const proxy = await startProxyProcess(t, text({}))

  await rewrite(proxy, text({ bucket: { path_prefix: '/moved' } }))
  await untilPrinted(proxy, 'config is reloaded')
  assert.equal((await fetch(`${proxy.main}/moved/a`)).status, 200)

  await writeFile(proxy.configFile, text({ bucket: { path_prefix: '/written' } }))
  await untilPrinted(proxy, 'config is reloaded', 2)
  assert.equal((await fetch(`${proxy.main}/written/a`)).status, 200)
})

test('while the proxy drains the file is not read again', async (t) => {
  const origin = await startFakeOrigin(t)
  origin.serve('film', { size: longerThanBuffers, seed: 1 })
  const server = { shutdown_timeout_seconds: 60 }
  const proxy = await startProxyProcess(t, JSON.stringify(configFor(origin.endpoint, { server })))
  const download = await fetch(`${proxy.main}/b/film`)
  proxy.signal('SIGTERM')
  await untilPrinted(proxy, 'draining')
  proxy.signal('SIGHUP')
  await untilPrinted(proxy, 'the proxy is shutting down')
  assert.equal((await download.arrayBuffer()).byteLength, longerThanBuffers)
  assert.equal(await proxy.exited, 0)
  assert.equal(proxy.stdout.join().includes('config is reloaded'), false)
})
