import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a bucket that S3 does not know is a 404 of its own, remembered as briefly', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow').failWith(404, 'NoSuchBucket')

  const first = await proxy.get('/b/a.txt')
  const second = await proxy.get('/b/a.txt')

  for (const answer of [first, second]) {
    assert.equal(answer.status, 404)
    assert.equal(JSON.parse(answer.text).error.code, 'NoSuchBucket')
  }
  assert.equal(second.header('x-cache'), 'HIT')
  assert.equal(origin.requests('a.txt').length, 1)
})
