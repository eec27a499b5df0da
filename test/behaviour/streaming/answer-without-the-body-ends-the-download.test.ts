import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { longerThanBuffers, settled } from './rig.ts'

const size = longerThanBuffers
const questions: Readonly<Record<number, Record<string, string>>> = {
  304: { 'if-none-match': '"v1"' },
  412: { 'if-match': '"v0"' },
  416: { range: `bytes=${size}-` },
}

for (const [status, headers] of Object.entries(questions)) {
  test(`a ${status} for a cold large object does not download it`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('film', { size, seed: 1 }, { etag: '"v1"' })

    assert.equal((await proxy.get('/b/film', { headers })).status, Number(status))

    const asked = origin.requests('film').at(-1)
    assert.equal(await asked?.ended, false)
    assert.ok((await settled(() => origin.bytesSent('film'))) < size / 2)
  })
}
