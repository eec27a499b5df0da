import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { assertPart, assertWhole, partsOf, seed } from './rig.ts'

const size = 1000
const spread = (count: number) =>
  `bytes=${Array.from({ length: count }, (_, i) => `${i * 10}-${i * 10 + 4}`).join(',')}`

test('ranges that overlap or touch are one part', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', { size, seed })

  assertPart(await proxy.get('/b/a', { headers: { range: 'bytes=0-9,10-19,5-12' } }), 0, 20, size)
  const two = await proxy.get('/b/a', { headers: { range: 'bytes=50-59,0-9,55-70' } })
  assert.deepEqual(
    partsOf(two).map(({ range }) => range),
    ['bytes 50-70/1000', 'bytes 0-9/1000'],
  )
})

test('sixteen parts are sent, seventeen are answered with the whole', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', { size, seed })

  assert.equal(partsOf(await proxy.get('/b/a', { headers: { range: spread(16) } })).length, 16)
  assertWhole(await proxy.get('/b/a', { headers: { range: spread(17) } }), size)
})

test('of several ranges those outside the object are left out', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a', { size, seed })

  assertPart(await proxy.get('/b/a', { headers: { range: 'bytes=2000-,3-4' } }), 3, 5, size)
  const none = await proxy.get('/b/a', { headers: { range: 'bytes=2000-,3000-' } })
  assert.equal(none.status, 416)
  assert.equal(none.header('content-range'), 'bytes */1000')
})
