import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('by default the query is neither part of the key nor sent', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow')

  const first = await proxy.get('/b/a.txt?v=1&partNumber=2&versionId=x')
  const second = await proxy.get('/b/a.txt?v=2')
  const broken = await proxy.get('/b/a.txt?%zz')

  assert.equal(first.text, 'crow')
  assert.equal(second.header('x-cache'), 'HIT')
  assert.equal(broken.header('x-cache'), 'HIT')
  assert.equal(origin.requests().length, 1)
  assert.equal(origin.requests()[0]?.query, '')
})
