import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

const ranges = { 'bytes=0-': 416, 'bytes=0-0': 416, 'bytes=5-9': 416, 'bytes=-5': 200 }

for (const [range, status] of Object.entries(ranges)) {
  test(`${range} of an empty object is a ${status}, cold and cached`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('a', '')

    for (const _ of ['cold', 'cached']) {
      const answer = await proxy.get('/b/a', { headers: { range } })
      assert.equal(answer.status, status)
      assert.equal(answer.header('content-range'), status === 416 ? 'bytes */0' : undefined)
      if (status === 200) assert.equal(answer.header('content-length'), '0')
    }
    const plain = await proxy.get('/b/a')
    assert.equal(plain.status, 200)
    assert.equal(plain.header('x-cache'), 'HIT')
  })
}
