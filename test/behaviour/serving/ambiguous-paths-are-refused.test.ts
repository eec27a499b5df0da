import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

const paths = [
  '/b/../c/a.txt',
  '/b/a/./b',
  '/b/a/..',
  '/b/%2e%2e/a.txt',
  '/b/%2E/a.txt',
  '/b/a%2F..%2Fb',
  '/b/a%00b',
  '/b/a%FFb',
  '/b/%C0%AFetc',
  '/b/%zz',
  '/b/%',
  '/../etc/passwd',
]

test('dot segments, NUL, broken encodings and invalid UTF-8 are a 400 and never reach the origin', async (t) => {
  const { proxy, origin } = await startProxy(t)

  for (const path of paths) {
    const answer = await proxy.get(path)
    assert.equal(answer.status, 400, path)
    assert.equal(JSON.parse(answer.text).error.code, 'InvalidPath', path)
  }

  assert.equal(origin.requests().length, 0)
  await proxy.untilLogged(paths.length)
  assert.equal(await proxy.metric('yatagarasu_rejected_requests_total', { reason: 'bad-path' }), paths.length)
})
