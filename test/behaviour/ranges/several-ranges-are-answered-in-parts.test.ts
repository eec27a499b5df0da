import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { expectedBytes } from '../../support/synthetic-bytes.ts'
import { MiB, partsOf, seed } from './rig.ts'

for (const size of [1000, 4 * MiB]) {
  test(`several ranges of ${size} bytes come in parts, in the order they were asked for`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('a', { size, seed }, { headers: { 'content-type': 'video/mp4' } })
    await proxy.get('/b/a')
    const middle = size / 2

    const answer = await proxy.get('/b/a', { headers: { range: `bytes=${middle}-${middle + 9},5-9,-3` } })

    assert.equal(answer.status, 206)
    assert.equal(answer.header('content-range'), undefined)
    assert.equal(answer.header('content-length'), String(answer.body.length))
    assert.deepEqual(
      partsOf(answer).map(({ type, range, bytes }) => [type, range, bytes.toString('hex')]),
      [
        ['video/mp4', `bytes ${middle}-${middle + 9}/${size}`, hex(middle, middle + 10)],
        ['video/mp4', `bytes 5-9/${size}`, hex(5, 10)],
        ['video/mp4', `bytes ${size - 3}-${size - 1}/${size}`, hex(size - 3, size)],
      ],
    )
    assert.equal(answer.header('x-cache'), 'HIT')
    assert.equal(origin.requests('a').length, 1)
  })
}

function hex(start: number, end: number): string {
  return Buffer.from(expectedBytes(seed, start, end)).toString('hex')
}
