import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('headers.add and headers.remove change what clients see, on misses, hits and 304s', async (t) => {
  const headers = { add: { 'Strict-Transport-Security': 'max-age=9', 'X-Extra': 'é' }, remove: ['X-Amz-Meta-Owner'] }
  const { proxy, origin } = await startProxy(t, { bucket: { headers } })
  const object = origin.serve('a.txt', 'crow', { headers: { 'x-amz-meta-owner': 'me', 'x-amz-meta-colour': 'black' } })

  const answers = [
    await proxy.get('/b/a.txt'),
    await proxy.get('/b/a.txt'),
    await proxy.get('/b/a.txt', { headers: { 'if-none-match': object.current.etag ?? '' } }),
  ]

  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 304],
  )
  for (const answer of answers) {
    assert.equal(answer.header('strict-transport-security'), 'max-age=9')
    assert.equal(answer.header('x-extra'), 'é')
    assert.equal(answer.header('x-amz-meta-owner'), undefined)
    assert.equal(answer.header('x-amz-meta-colour'), 'black')
  }
  assert.equal(origin.requests('a.txt').length, 1)
})
