import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test('the origin is asked neither for checksums nor for a compressed answer', async (t) => {
  const { proxy, origin } = await startProxy(t)
  origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt', { headers: { 'accept-encoding': 'gzip', 'x-amz-checksum-mode': 'ENABLED' } })

  const headers = origin.requests('a.txt')[0]?.headers ?? {}
  assert.deepEqual(
    Object.keys(headers).filter((name) => name.includes('checksum') || name.startsWith('accept')),
    [],
  )
})
