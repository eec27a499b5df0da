import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a HEAD miss costs the origin one HEAD, and the next HEAD none', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow')

  const first = await proxy.get('/b/a.txt', { method: 'HEAD', headers: { range: 'bytes=0-1' } })
  const second = await proxy.get('/b/a.txt', { method: 'HEAD' })

  assert.equal(first.status, 200)
  assert.equal(first.header('content-length'), '4')
  assert.equal(first.header('x-cache'), 'MISS')
  assert.equal(second.header('x-cache'), 'HIT')
  assert.equal(second.header('content-length'), '4')
  assert.deepEqual(
    origin.requests('a.txt').map(({ method, range }) => ({ method, range })),
    [{ method: 'HEAD', range: undefined }],
  )
  assert.equal(origin.bytesSent(), 0)
})

test('a GET after a HEAD fetches the body, and keeps it', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt', { method: 'HEAD' })
  const got = await proxy.get('/b/a.txt')
  const again = await proxy.get('/b/a.txt')

  assert.equal(got.text, 'crow')
  assert.equal(got.header('x-cache'), 'MISS')
  assert.equal(again.text, 'crow')
  assert.equal(again.header('x-cache'), 'HIT')
  assert.deepEqual(
    origin.requests('a.txt').map(({ method }) => method),
    ['HEAD', 'GET'],
  )
})
