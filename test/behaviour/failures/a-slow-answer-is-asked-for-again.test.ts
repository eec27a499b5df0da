import assert from 'node:assert/strict'
import { test } from 'node:test'
import { advanceUntil } from '../../support/advance-until.ts'
import { type ProxySettings, type Stage, startProxy } from '../../support/start-proxy.ts'

/** A bucket whose answers usually come at once, but whose `slow.txt` has its first request hang. */
async function startBesideSlow(t: Parameters<typeof startProxy>[0], settings: ProxySettings): Promise<Stage> {
  const stage = await startProxy(t, settings)
  for (let count = 0; count < 20; count++) {
    stage.origin.serve(`${count}.txt`, 'crow')
    await stage.proxy.get(`/b/${count}.txt`)
  }
  let asked = 0
  stage.origin.serve('slow.txt', 'crow').respond((_, response) => {
    asked++
    if (asked > 1) response.end('crow')
  })
  return stage
}

test('with hedging, an answer that takes longer than usual is asked for again, and the first to come is served', async (t) => {
  const { proxy, origin, clock } = await startBesideSlow(t, { s3: { hedging: { enabled: true } } })

  const answer = await advanceUntil(clock, proxy.get('/b/slow.txt'))

  assert.equal(answer.text, 'crow')
  assert.ok(clock.monotonicMs() < 20_000, 'it did not wait for the timeout')
  const [first, second, ...more] = origin.requests('slow.txt')
  assert.equal(more.length, 0)
  assert.deepEqual([await first?.ended, await second?.ended], [false, true])
  assert.equal(await proxy.metric('yatagarasu_origin_retries_total', { bucket: 'b', outcome: 'hedged' }), 1)
})

test('without it, the first one is waited for', async (t) => {
  const { proxy, origin, clock } = await startBesideSlow(t, { s3: { timeout_seconds: 2, retry: { max_attempts: 1 } } })

  const answer = await advanceUntil(clock, proxy.get('/b/slow.txt'))

  assert.equal(answer.status, 504)
  assert.equal(origin.requests('slow.txt').length, 1)
})
