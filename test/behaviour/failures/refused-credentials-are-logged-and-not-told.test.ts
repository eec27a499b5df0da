import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('an origin that refuses our keys is a line in the log and a riddle to the client', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow').failWith(403, 'SignatureDoesNotMatch')

  const answer = await proxy.get('/b/a.txt')
  await proxy.untilLogged(1)

  assert.equal(answer.status, 502)
  assert.doesNotMatch(answer.text, /signature|secret|127\.0\.0\.1|bucket\b/i)
  const [line] = proxy.log
  assert.equal(line?.['level'], 50)
  assert.equal(line?.['error'], 'OriginCredentials')
  assert.match(JSON.stringify(line?.['err']), /SignatureDoesNotMatch/)
  assert.doesNotMatch(JSON.stringify(line), /test-secret/)
  assert.equal(origin.requests('a.txt').length, 1)
})
