import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

for (const forbids of ['must-revalidate', 'proxy-revalidate', 's-maxage=60', 'no-cache']) {
  test(`${forbids} forbids using the object stale, whatever is configured`, async (t) => {
    const settings = {
      cache: { stale_if_error_seconds: 600, stale_while_revalidate_seconds: 600 },
      s3: { retry: { max_attempts: 1 } },
    }
    const { proxy, origin, clock } = await startProxy(t, settings)
    origin.serve('a.txt', 'crow', { headers: { 'cache-control': `max-age=60, ${forbids}` } })

    await proxy.get('/b/a.txt')
    await clock.advance(61_000)
    await origin.stop()
    const answer = await proxy.get('/b/a.txt')

    assert.equal(answer.status, 504)
    assert.equal(JSON.parse(answer.text).error.code, 'OriginUnreachable')
    assert.equal(answer.header('cache-control'), 'no-store')
  })
}
