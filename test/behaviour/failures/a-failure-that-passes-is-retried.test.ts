import assert from 'node:assert/strict'
import { test } from 'node:test'
import { advanceUntil } from '../../support/advance-until.ts'
import { startProxy } from '../../support/start-proxy.ts'

for (const [status, code] of [
  [500, 'InternalError'],
  [503, 'SlowDown'],
] as const) {
  test(`a ${code} that passes costs the client only time`, async (t) => {
    const { proxy, origin, clock } = await startProxy(t)
    origin.serve('a.txt', 'crow').failWith(status, code, { times: 2 })

    const answer = await advanceUntil(clock, proxy.get('/b/a.txt'))

    assert.equal(answer.status, 200)
    assert.equal(answer.text, 'crow')
    assert.equal(origin.requests('a.txt').length, 3)
    assert.equal(await proxy.metric('yatagarasu_origin_retries_total', { bucket: 'b', outcome: 'failure' }), 1)
    assert.equal(await proxy.metric('yatagarasu_origin_retries_total', { bucket: 'b', outcome: 'success' }), 1)
    assert.equal(await proxy.metric('yatagarasu_origin_requests_total', { status: String(status) }), 2)
  })
}

test('one that does not is a 502 after max_attempts', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { s3: { retry: { max_attempts: 3 } } })
  origin.serve('a.txt', 'crow').failWith(500, 'InternalError')

  const answer = await advanceUntil(clock, proxy.get('/b/a.txt'))

  assert.equal(answer.status, 502)
  assert.equal(origin.requests('a.txt').length, 3)
  assert.equal(await proxy.metric('yatagarasu_origin_retries_total', { bucket: 'b', outcome: 'failure' }), 2)
})
