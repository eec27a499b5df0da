import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { StaticKeyOptions } from '../../../src/access/static-keys.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { hostileTokens, travelsInHeader } from '../../support/hostile-tokens.ts'
import { startProxy } from '../../support/start-proxy.ts'
import { makeTokenKeys, trustedKeys, wanted } from '../../support/token-keys.ts'
import { validTokens } from '../../support/valid-tokens.ts'

const keys = makeTokenKeys()
const nowMs = new FakeClock().now()

async function protectedProxy(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-keys-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const asConfigured = (key: StaticKeyOptions, index: number) => {
    if ('secret' in key) return key
    const { pem, ...named } = key
    const path = join(folder, `${index}.pem`)
    writeFileSync(path, pem)
    return { ...named, path }
  }
  const { issuer, audience, leewayMs, requireExp } = wanted
  const stage = await startProxy(t, {
    bucket: {
      jwt: {
        ...{ keys: trustedKeys(keys).map(asConfigured), issuer, audience },
        ...{ leeway_seconds: leewayMs / 1000, require_exp: requireExp },
      },
    },
  })
  stage.origin.serve('a.txt', 'crow')
  return stage
}

test('no hostile token gets past the front door, and neither cache nor origin hears of one', async (t) => {
  const { proxy, origin } = await protectedProxy(t)
  const hostile = hostileTokens(keys, nowMs).filter(([, token]) => travelsInHeader(token))
  assert.ok(hostile.length >= 200, `${hostile.length}`)

  for (const [title, token] of hostile) {
    const { status, header } = await proxy.get('/b/a.txt', { headers: { authorization: `Bearer ${token}` } })
    assert.equal(status, 401, title)
    assert.equal(header('www-authenticate'), 'Bearer error="invalid_token"', title)
  }

  assert.equal(origin.requests().length, 0)
  assert.equal(await proxy.metric('yatagarasu_cache_misses_total'), 0)
})

test('every valid shape of token does, and all but the first find the object cached', async (t) => {
  const { proxy, origin } = await protectedProxy(t)
  const valid = validTokens(keys, nowMs).filter(([, token]) => travelsInHeader(token))

  for (const [title, token] of valid) {
    const { status } = await proxy.get('/b/a.txt', { headers: { authorization: `Bearer ${token}` } })
    assert.equal(status, 200, title)
  }

  assert.equal(origin.requests().length, 1)
})
