import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a bucket that S3 says lives elsewhere is a 502 that names the region in the log only', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow').failWith(301, 'PermanentRedirect', {
    headers: { location: `${origin.endpoint}/bucket/elsewhere`, 'x-amz-bucket-region': 'eu-west-1' },
  })

  const answer = await proxy.get('/b/a.txt')
  const head = await proxy.get('/b/a.txt', { method: 'HEAD' })
  await proxy.untilLogged(2)

  for (const { status, header } of [answer, head]) {
    assert.equal(status, 502)
    assert.equal(header('location'), undefined)
  }
  assert.doesNotMatch(answer.text, /eu-west-1/)
  for (const line of proxy.log) {
    assert.equal(line['error'], 'OriginRedirect')
    assert.match(JSON.stringify(line['err']), /eu-west-1/)
  }
  assert.equal(origin.requests().length, 2)
})
