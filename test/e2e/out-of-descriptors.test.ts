import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Agent, request } from 'undici'
import { startFakeOrigin } from '../support/fake-origin.ts'
import { type ProxyProcess, startProxyProcess } from '../support/proxy-process.ts'
import { configFor } from '../support/start-proxy.ts'

const onLinux = { skip: process.platform !== 'linux' && 'takes prlimit (util-linux)' }
const clients = 20

test(
  'without descriptors who is connected is served, who comes is sent away, and afterwards all is well',
  onLinux,
  async (t) => {
    const { proxy, get, serve } = await start(t)
    serve('known')
    const warm = await Promise.all(Array.from({ length: clients }, () => get('known')))
    assert.deepEqual(new Set(warm), new Set([200]))

    const open = readdirSync(`/proc/${proxy.pid}/fd`).length
    limitOpenFiles(proxy, open)
    await crowd(t, proxy.main, open)
    assert.equal(await get('known'), 200)
    // The origin is connected once: whoever needs a second connection fails, and it is not the origin's failure.
    const names = Array.from({ length: clients }, (_, index) => `new-${index}`)
    for (const name of [...names, 'last']) serve(name)
    const statuses = await Promise.all(names.map(get))
    assert.ok(statuses.includes(504), statuses.join(' '))
    assert.equal(await get('last'), 200)

    limitOpenFiles(proxy, 1024)
    assert.deepEqual(new Set(await Promise.all(names.map(get))), new Set([200]))
  },
)

/** `get` over one connection for each of so many requests at a time; it gives the status. */
async function start(t: TestContext) {
  const origin = await startFakeOrigin(t)
  const proxy = await startProxyProcess(t, configFor(origin.endpoint, {}))
  const dispatcher = new Agent({ connections: clients, keepAliveTimeout: 60_000 })
  t.after(() => dispatcher.destroy())
  return {
    proxy,
    serve: (name: string) => void origin.serve(name, { size: 1000, seed: 1 }),
    async get(name: string) {
      const { statusCode, body } = await request(`${proxy.main}/b/${name}`, { dispatcher })
      await body.dump()
      return statusCode
    },
  }
}

function limitOpenFiles({ pid }: ProxyProcess, most: number): void {
  const { status, stderr } = spawnSync('prlimit', [`--pid=${pid}`, `--nofile=${most}:`], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}

/** More clients than there is room for come, and stay. Resolves when one is sent away, without a word. */
async function crowd(t: TestContext, url: string, count: number): Promise<void> {
  const { hostname, port } = new URL(url)
  const sockets = Array.from({ length: count }, () => connect(Number(port), hostname))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  const sent = sockets.map(async (socket) => {
    const words: string[] = []
    socket.on('data', (bytes) => words.push(String(bytes)))
    await once(socket, 'close')
    return words.join('')
  })
  assert.equal(await Promise.race(sent), '')
}
