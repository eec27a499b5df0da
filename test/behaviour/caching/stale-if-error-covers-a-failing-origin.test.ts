import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

const once = { s3: { retry: { max_attempts: 1 } } }
const minute = { 'cache-control': 'max-age=60' }
const failures = {
  'a 500 error of S3': [500, 'InternalError'],
  'a 503 SlowDown': [503, 'SlowDown'],
} as const

for (const [what, [status, code]] of Object.entries(failures)) {
  test(`within stale_if_error_seconds, ${what} is covered by the stale object`, async (t) => {
    const { proxy, origin, clock } = await startProxy(t, { ...once, cache: { stale_if_error_seconds: 30 } })
    const object = origin.serve('a.txt', 'crow', { headers: minute })

    await proxy.get('/b/a.txt')
    object.failWith(status, code)
    await clock.advance(89_000)
    const covered = await proxy.get('/b/a.txt')
    await clock.advance(1_000)
    const late = await proxy.get('/b/a.txt')

    assert.equal(covered.status, 200)
    assert.equal(covered.text, 'crow')
    assert.equal(covered.header('x-cache'), 'STALE')
    assert.equal(covered.header('age'), '89')
    assert.equal(late.status, status === 500 ? 502 : 503)
    assert.equal(origin.requests('a.txt').length, 3)
  })
}

test('a 503 page that is no S3 error is covered too', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { ...once, cache: { stale_if_error_seconds: 30 } })
  const object = origin.serve('a.txt', 'crow', { headers: minute })

  await proxy.get('/b/a.txt')
  object.respond((_request, response) => void response.writeHead(503, { 'content-type': 'text/html' }).end('<p>busy'))
  await clock.advance(61_000)
  const covered = await proxy.get('/b/a.txt')

  assert.equal(covered.text, 'crow')
  assert.equal(covered.header('x-cache'), 'STALE')
})

test('the stale-if-error of the answer itself counts as well', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, once)
  const object = origin.serve('a.txt', 'crow', { headers: { 'cache-control': 'max-age=60, stale-if-error=30' } })

  await proxy.get('/b/a.txt')
  object.failWith(500, 'InternalError')
  await clock.advance(61_000)
  const covered = await proxy.get('/b/a.txt')
  object.recover()
  const confirmed = await proxy.get('/b/a.txt')

  assert.equal(covered.text, 'crow')
  assert.equal(confirmed.header('x-cache'), 'REVALIDATED')
})
