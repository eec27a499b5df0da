import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a bucket without cache asks the origin each time and says nothing of a cache', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cache: { enabled: false } } })
  const object = origin.serve('a.txt', 'crow')

  const first = await proxy.get('/b/a.txt')
  object.replace('raven')
  const second = await proxy.get('/b/a.txt')

  assert.deepEqual([first.text, second.text], ['crow', 'raven'])
  for (const answer of [first, second]) {
    assert.equal(answer.header('x-cache'), undefined)
    assert.equal(answer.header('age'), undefined)
    assert.equal(answer.header('accept-ranges'), 'bytes')
  }
  assert.equal(origin.requests('a.txt').length, 2)
  assert.equal(await proxy.metric('yatagarasu_cache_misses_total', { bucket: 'b' }), 0)
  assert.equal(await proxy.metric('yatagarasu_http_request_duration_seconds_count', { cache: 'miss' }), 0)
})
