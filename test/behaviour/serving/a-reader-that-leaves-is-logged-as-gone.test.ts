import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('a client that leaves before its answer is a 499 in the log, and no error of anybody', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const head = origin.serve('a.txt', 'crow').delayHead()
  const leaving = new AbortController()

  const reader = proxy.get('/b/a.txt', { signal: leaving.signal })
  await head.reached
  leaving.abort()
  await assert.rejects(reader)
  await proxy.untilLogged(1)

  const [line] = proxy.log
  assert.equal(line?.['status'], 499)
  assert.equal(line?.['aborted'], true)
  assert.equal(line?.['error'], undefined)
  assert.equal(line?.['level'], 30)
})
