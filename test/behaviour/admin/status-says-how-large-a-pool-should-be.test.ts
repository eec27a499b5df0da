import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administered, adminOf } from '../../support/administration.ts'
import { startProxy } from '../../support/start-proxy.ts'

test('where requests wait for connections to the origin, the status says how many there should be', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { s3: { connection_pool_size: 1 }, top: administered })
  const admin = await adminOf(proxy)
  const adviceOf = async () => (await admin('GET', '/status')).json.origins.b.pool.advice
  assert.equal(await adviceOf(), null)

  const slow = origin.serve('0', 'crow').delayHead()
  const first = proxy.get('/b/0')
  await slow.reached
  const others = Array.from({ length: 12 }, (_, number) => {
    origin.serve(`${number + 1}`, 'crow')
    return proxy.get(`/b/${number + 1}`)
  })
  await proxy.untilActive(13)
  await clock.advance(2000)
  slow.release()
  await Promise.all([first, ...others])

  assert.match(await adviceOf(), /^raise s3\.connection_pool_size from 1 to \d+: requests waited \d+ ms on average/)
})
