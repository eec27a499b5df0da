import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('query: all makes it part of the key, whatever its order and spelling, and sends it', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cache: { query: 'all' } } })
  origin.serve('a.txt', 'crow')
  const cache = async (query: string) => (await proxy.get(`/b/a.txt${query}`)).header('x-cache')

  assert.equal(await cache('?b=2&a=1'), 'MISS')
  assert.equal(await cache('?a=1&b=2'), 'HIT')
  assert.equal(await cache('?%61=1&b=%32&'), 'HIT')
  assert.equal(await cache('?a=1&b=3'), 'MISS')
  assert.equal(await cache('?a=1'), 'MISS')
  assert.equal(await cache(''), 'MISS')
  assert.equal(await cache('?x=a%26b'), 'MISS')
  assert.deepEqual(
    origin.requests('a.txt').map(({ query }) => query),
    ['a=1&b=2', 'a=1&b=3', 'a=1', '', 'x=a%26b'],
  )
})

test('query: include keeps the named parameters only', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cache: { query: { include: ['v', 'versionId'] } } } })
  origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt?v=1&utm=x')
  const same = await proxy.get('/b/a.txt?utm=y&v=1')
  await proxy.get('/b/a.txt?versionId=abc')

  assert.equal(same.header('x-cache'), 'HIT')
  assert.deepEqual(
    origin.requests('a.txt').map(({ query }) => query),
    ['v=1', 'versionId=abc'],
  )
})

test('a line break in a kept value is a 400', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cache: { query: 'all' } } })

  for (const query of ['v=a%0d%0ab', 'v=%0A', 'v=%zz']) {
    assert.equal((await proxy.get(`/b/a.txt?${query}`)).status, 400, query)
  }
  assert.equal(origin.requests().length, 0)
})
