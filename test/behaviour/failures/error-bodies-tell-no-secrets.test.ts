import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FakeOrigin } from '../../support/fake-origin.ts'
import { startProxy } from '../../support/start-proxy.ts'

const forbidden = /127\.0\.0\.1|test-secret|us-east-1|\/bucket|node_modules|\.ts\b|\bat \S+:\d+/

test('an error is a short JSON document with fields that keep browsers and caches off', async (t) => {
  const { proxy } = await startProxy(t)

  const answer = await proxy.get('/b/none.txt', { headers: { 'x-correlation-id': 'my-id' } })

  assert.equal(answer.status, 404)
  assert.deepEqual(JSON.parse(answer.text), {
    error: {
      code: 'NoSuchKey',
      message: 'The specified key does not exist.',
      status: 404,
      correlation_id: 'my-id',
    },
  })
  assert.equal(answer.header('content-type'), 'application/json')
  assert.equal(answer.header('cache-control'), 'no-store')
  assert.equal(answer.header('x-content-type-options'), 'nosniff')
  assert.equal(answer.header('content-security-policy'), "default-src 'none'")
  assert.doesNotMatch(answer.text, forbidden)
})

test('it is the XML of S3 for clients that prefer XML', async (t) => {
  const { proxy } = await startProxy(t)
  const get = (accept: string) => proxy.get('/b/none.txt', { headers: { accept, 'x-correlation-id': 'my-id' } })

  const xml = await get('application/xml')
  const browser = await get('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8')
  const either = await get('application/json, application/xml')

  assert.equal(xml.header('content-type'), 'application/xml')
  assert.match(xml.text, /<Error><Code>NoSuchKey<\/Code><Message>.*<\/Message><RequestId>my-id<\/RequestId><\/Error>/)
  assert.doesNotMatch(xml.text, forbidden)
  assert.equal(browser.header('content-type'), 'application/xml')
  assert.equal(either.header('content-type'), 'application/json')
})

for (const [status, prepare] of [
  [502, (origin: FakeOrigin) => void origin.serve('a.txt', '').failWith(500, 'InternalError')],
  [504, (origin: FakeOrigin) => origin.stop()],
] as const) {
  test(`a ${status} says nothing of the origin`, async (t) => {
    const { proxy, origin } = await startProxy(t, { s3: { retry: { max_attempts: 1 } } })
    await prepare(origin)

    const answer = await proxy.get('/b/a.txt')

    assert.equal(answer.status, status)
    assert.doesNotMatch(answer.text, forbidden)
    assert.deepEqual(Object.keys(JSON.parse(answer.text).error), ['code', 'message', 'status', 'correlation_id'])
  })
}
