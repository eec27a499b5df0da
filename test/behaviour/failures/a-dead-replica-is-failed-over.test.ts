import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passSeconds, startReplicated } from '../../support/replicas.ts'

const uncached = { bucket: { cache: { enabled: false } } }

test('requests go to the first replica as long as it works', async (t) => {
  const { proxy, origins, asked } = await startReplicated(t, 3, uncached)
  for (const origin of origins) origin.serve('a.txt', 'crow')

  for (let request = 0; request < 4; request++) assert.equal((await proxy.get('/b/a.txt')).text, 'crow')

  assert.equal(asked('a.txt'), '1111')
  assert.equal(await proxy.metric('yatagarasu_origin_requests_total', { bucket: 'b', replica: 'r1' }), 4)
})

test('when the first two are dead the third answers, and no client notices', async (t) => {
  const { proxy, origins, asked } = await startReplicated(t, 3, uncached)
  for (const origin of origins) origin.serve('a.txt', 'crow')
  await origins[0]?.stop()
  await origins[1]?.stop()

  for (let request = 0; request < 8; request++) assert.equal((await proxy.get('/b/a.txt')).text, 'crow')

  assert.equal(asked('a.txt'), '33333333')
  assert.equal(await proxy.metric('yatagarasu_origin_failovers_total', { bucket: 'b' }), 5) // then the breakers are open
  for (const [replica, state] of [
    ['r1', 1],
    ['r2', 1],
    ['r3', 0],
  ] as const) {
    assert.equal(await proxy.metric('yatagarasu_circuit_breaker_state', { bucket: 'b', replica }), state)
  }
  assert.equal(await proxy.metric('yatagarasu_origin_retries_total'), 0)
})

test('an object that the first replica does not have is missing, whatever others have', async (t) => {
  const { proxy, origins, asked } = await startReplicated(t, 2)
  origins[1]?.serve('a.txt', 'crow')

  assert.equal((await proxy.get('/b/a.txt')).status, 404)
  assert.equal(asked('a.txt'), '1')
})

test('within ten seconds of its return requests go to the first replica again', async (t) => {
  const { proxy, origins, asked, clock } = await startReplicated(t, 2, uncached)
  for (const origin of origins) origin.serve('a.txt', 'crow')
  await origins[0]?.stop()
  for (let request = 0; request < 6; request++) await proxy.get('/b/a.txt')
  await passSeconds(clock, 60, async () => assert.equal((await proxy.get('/b/a.txt')).text, 'crow'))
  await origins[0]?.start()
  await passSeconds(clock, 10, async () => assert.equal((await proxy.get('/b/a.txt')).text, 'crow'))
  asked('a.txt')

  for (let request = 0; request < 4; request++) assert.equal((await proxy.get('/b/a.txt')).text, 'crow')

  assert.equal(asked('a.txt'), '1111')
  assert.equal(await proxy.metric('yatagarasu_circuit_breaker_state', { bucket: 'b', replica: 'r1' }), 0)
})

test('what the second replica answered is cached like anything else', async (t) => {
  const { proxy, origins } = await startReplicated(t, 2)
  for (const origin of origins) origin.serve('a.txt', 'crow')
  await origins[0]?.stop()

  assert.equal((await proxy.get('/b/a.txt')).header('x-cache'), 'MISS')
  await origins[0]?.start()
  assert.equal((await proxy.get('/b/a.txt')).header('x-cache'), 'HIT')
})

test('when every replica is dead it is a 504', async (t) => {
  const { proxy, origins } = await startReplicated(t, 2, { s3: { retry: { max_attempts: 2 } } })
  for (const origin of origins) await origin.stop()

  assert.equal((await proxy.get('/b/a.txt')).status, 504)
})
