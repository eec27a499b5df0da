import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('an answer with no-cache is stored, and confirmed before each use', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const object = origin.serve('a.txt', 'crow', { headers: { 'cache-control': 'no-cache, max-age=600' } })

  const miss = await proxy.get('/b/a.txt')
  const second = await proxy.get('/b/a.txt')
  const third = await proxy.get('/b/a.txt')
  object.replace('raven')
  const changed = await proxy.get('/b/a.txt')

  assert.equal(miss.header('x-cache'), 'MISS')
  for (const answer of [second, third]) {
    assert.equal(answer.header('x-cache'), 'REVALIDATED')
    assert.equal(answer.text, 'crow')
  }
  assert.equal(changed.text, 'raven')
  assert.equal(origin.requests('a.txt').length, 4)
  assert.equal(origin.bytesSent('a.txt'), 'crow'.length + 'raven'.length)
})
