import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'
import { bearer, hs256 } from '../../support/tokens.ts'

const query = { include: ['response-content-type'] }

test('response-* reaches the origin from a protected bucket that names it', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { jwt: hs256, cache: { query } } })
  origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt?response-content-type=text%2Fhtml&response-expires=0', await bearer())

  assert.equal(origin.requests()[0]?.query, 'response-content-type=text%2Fhtml')
})

test('response-* never reaches the origin from a public bucket', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { cache: { query } } })
  origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt?response-content-type=text%2Fhtml')

  assert.equal(origin.requests()[0]?.query, '')
})
