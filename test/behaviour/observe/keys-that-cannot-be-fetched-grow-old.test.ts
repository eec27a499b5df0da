import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ProxySettings, startProxy } from '../../support/start-proxy.ts'
import { keys, say, startKeyServer } from '../access/key-server.ts'

const hour = 3_600_000

function withKeysOf(url: string): ProxySettings {
  return { bucket: { jwt: { algorithm: 'EdDSA', jwks_url: url } } }
}

test('the age of keys grows while they cannot be fetched, and falls when they can', async (t) => {
  const server = await startKeyServer(t)
  const { proxy, clock } = await startProxy(t, withKeysOf(server.url))
  const age = () => proxy.metric('yatagarasu_jwks_age_seconds')
  const untilLogged = async (words: string) => {
    while (!proxy.log.some(({ msg }) => String(msg).includes(words))) await age()
  }
  await untilLogged('keys for tokens are fetched')
  assert.equal(await age(), 0)

  server.answer = say('gone', 503)
  await clock.advance(hour)
  await untilLogged('cannot be fetched')
  assert.equal(await age(), 3600)

  server.answer = keys('a')
  while ((await age()) >= 3600) await clock.advance(1000)
})

test('keys that were never fetched are as old as the wish for them; the oldest count, until nobody wants them', async (t) => {
  const [dead, alive] = [await startKeyServer(t), await startKeyServer(t)]
  dead.answer = say('gone', 503)
  const { proxy, clock } = await startProxy(t, withKeysOf(dead.url))
  const age = () => proxy.metric('yatagarasu_jwks_age_seconds')
  await clock.advance(60_000)
  assert.equal(await age(), 60)

  await proxy.reload({ ...withKeysOf(alive.url) })
  while ((await age()) > 0);
  await proxy.reload({})
  await clock.advance(60_000)
  while ((await age()) > 0);
})

test('without keys to fetch there is no age', async (t) => {
  const { proxy, clock } = await startProxy(t)
  await clock.advance(60_000)
  assert.equal(await proxy.metric('yatagarasu_jwks_age_seconds'), 0)
})
