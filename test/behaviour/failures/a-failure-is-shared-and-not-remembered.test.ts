import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('readers who waited together fail together, and the next one asks anew', async (t) => {
  const { proxy, origin } = await startProxy(t, { s3: { retry: { max_attempts: 1 } } })
  const object = origin.serve('a.txt', 'crow')
  object.failWith(500, 'InternalError', { times: 1 })
  const held = object.delayHead()

  const readers = Array.from({ length: 5 }, () => proxy.get('/b/a.txt'))
  await proxy.untilActive(5)
  held.release()
  const statuses = (await Promise.all(readers)).map(({ status }) => status)
  const next = await proxy.get('/b/a.txt')

  assert.deepEqual(statuses, [502, 502, 502, 502, 502])
  assert.equal(next.text, 'crow')
  assert.equal(origin.requests('a.txt').length, 2)
})
