import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a missing object is a 404 from memory for ten seconds', async (t) => {
  const { proxy, origin, clock } = await startProxy(t)

  const first = await proxy.get('/b/a.txt')
  await clock.advance(9_000)
  origin.serve('a.txt', 'crow')
  const remembered = await proxy.get('/b/a.txt')
  await clock.advance(1_000)
  const found = await proxy.get('/b/a.txt')
  const hit = await proxy.get('/b/a.txt')

  assert.equal(first.status, 404)
  assert.equal(first.header('x-cache'), 'MISS')
  assert.equal(remembered.status, 404)
  assert.equal(remembered.header('x-cache'), 'HIT')
  assert.equal(remembered.header('age'), '9')
  assert.equal(JSON.parse(remembered.text).error.code, 'NoSuchKey')
  assert.equal(found.text, 'crow')
  assert.equal(hit.header('x-cache'), 'HIT')
  assert.equal(origin.requests('a.txt').length, 2)
})

test('an absence learnt from a HEAD answers a GET', async (t) => {
  const { proxy, origin } = await startProxy(t)

  const head = await proxy.get('/b/a.txt', { method: 'HEAD' })
  const got = await proxy.get('/b/a.txt')

  assert.equal(head.status, 404)
  assert.equal(head.body.length, 0)
  assert.equal(got.status, 404)
  assert.equal(got.header('x-cache'), 'HIT')
  assert.equal(origin.requests('a.txt').length, 1)
})
