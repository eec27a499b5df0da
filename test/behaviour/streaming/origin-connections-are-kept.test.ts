import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { MiB } from './rig.ts'

test('a download that comes to its end leaves its connection for the next one', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('small', { size: 1000, seed: 1 })
  origin.serve('large', { size: 5 * MiB + 1, seed: 1 })
  origin.serve('another', { size: 5 * MiB + 1, seed: 1 })
  origin.serve('secret', { size: 5 * MiB, seed: 1 }, { headers: { 'cache-control': 'no-store' } })
  const [some, end] = [`bytes=${MiB}-${2 * MiB}`, 'bytes=-9']

  for (const [path, range] of [
    ['/b/large', end],
    ['/b/large', some],
    ['/b/another', 'bytes=0-'],
    ['/b/small', end],
    ['/b/secret', 'bytes=0-'],
    ['/b/secret', end],
  ] as const) {
    await proxy.get(path, { headers: { range } })
    assert.equal(origin.openConnections, 1, `${path} ${range}`)
  }
})
