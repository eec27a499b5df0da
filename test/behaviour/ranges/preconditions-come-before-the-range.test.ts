import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertPart, MiB, seed } from './rig.ts'

const size = 3 * MiB
const cases = { '"v1"': 304, '"v0"': 206 }

for (const [tag, status] of Object.entries(cases)) {
  test(`If-None-Match: ${tag} with a range is a ${status}, cold and cached`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('a', { size, seed }, { etag: '"v1"' })
    const headers = { range: `bytes=${MiB}-${MiB + 9}`, 'if-none-match': tag }

    for (const _ of ['cold', 'cached']) {
      const answer = await proxy.get('/b/a', { headers })
      if (status === 206) assertPart(answer, MiB, MiB + 10, size)
      assert.equal(answer.status, status)
      assert.equal(answer.header('content-range') === undefined, status === 304)
    }
    assert.equal(origin.requests('a').length, 1)
  })
}

test('a failed precondition wins over a range outside the object', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', 'crow', { etag: '"v1"' })

  const answer = await proxy.get('/b/a', { headers: { range: 'bytes=100-', 'if-match': '"v0"' } })
  assert.equal(answer.status, 412)
})
