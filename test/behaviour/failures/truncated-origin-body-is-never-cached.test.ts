import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a body that ends early breaks the response off and is not kept', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const object = origin.serve('a.txt', 'crow')
  object.dropAt(2, { times: 1 })

  await assert.rejects(proxy.get('/b/a.txt'))
  const items = await proxy.metric('yatagarasu_cache_items', { bucket: 'b' })
  const whole = await proxy.get('/b/a.txt')
  await proxy.untilLogged(1)

  assert.equal(items, 0)
  const [line] = proxy.log
  assert.deepEqual([line?.['status'], line?.['bytes'], line?.['aborted']], [200, 2, true])
  assert.equal(line?.['error'], 'OriginTruncated')
  assert.equal(whole.text, 'crow')
  assert.equal(whole.header('x-cache'), 'MISS')
  assert.equal(origin.requests('a.txt').length, 2)
})

test('a body that passes through and ends early breaks the response off as well', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cache: { enabled: false } } })
  const object = origin.serve('a.txt', 'crow')
  object.dropAt(2, { times: 1 })

  await assert.rejects(proxy.get('/b/a.txt'))
  assert.equal((await proxy.get('/b/a.txt')).text, 'crow')
})

test('a connection that closes before any answer is a 502 once the attempts are used up', async (t) => {
  const { proxy, origin } = await startProxy(t, { s3: { retry: { max_attempts: 1 } } })
  origin.serve('a.txt', 'crow').respond((_request, response) => void response.destroy())

  const answer = await proxy.get('/b/a.txt')

  assert.equal(answer.status, 502)
  assert.equal(JSON.parse(answer.text).error.code, 'OriginTruncated')
})
