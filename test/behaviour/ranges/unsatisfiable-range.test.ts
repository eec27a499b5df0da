import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertWhole, MiB, seed } from './rig.ts'

for (const size of [10, 3 * MiB]) {
  for (const range of [`bytes=${size}-`, `bytes=${5 * MiB}-${6 * MiB}`, 'bytes=-0']) {
    test(`${range} of ${size} bytes is a 416 that tells the size, cold and cached`, async (t) => {
      const { proxy, origin } = await startProxy(t)
      origin.serve('a', { size, seed })

      const cold = await proxy.get('/b/a', { headers: { range } })
      assertWhole(await proxy.get('/b/a'), size)
      const cached = await proxy.get('/b/a', { headers: { range } })

      for (const answer of [cold, cached]) {
        assert.equal(answer.status, 416)
        assert.equal(answer.header('content-range'), `bytes */${size}`)
        assert.equal(JSON.parse(answer.text).error.code, 'InvalidRange')
      }
    })
  }
}
