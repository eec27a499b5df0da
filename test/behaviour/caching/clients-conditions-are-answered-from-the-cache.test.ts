import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

test("a client's conditions are answered from the stored head, and the origin never sees them", async (t) => {
  const { proxy, origin } = await startProxy(t)
  const object = origin.serve('a.txt', 'crow', { headers: { 'x-amz-meta-colour': 'black' } })
  const etag = object.current.etag ?? ''
  const date = object.current.lastModified ?? ''
  const get = (headers: Record<string, string>) => proxy.get('/b/a.txt', { headers })

  const cold = await get({ 'if-none-match': etag })
  const cases: [number, Record<string, string>][] = [
    [304, { 'if-none-match': `"x", W/${etag}` }],
    [304, { 'if-none-match': '*' }],
    [304, { 'if-modified-since': date }],
    [200, { 'if-none-match': '"x"', 'if-modified-since': date }],
    [200, { 'if-match': etag, 'if-unmodified-since': 'Thu, 01 Jan 1998 00:00:00 GMT' }],
    [412, { 'if-match': '"x"' }],
    [412, { 'if-unmodified-since': 'Thu, 01 Jan 1998 00:00:00 GMT' }],
  ]
  for (const [status, headers] of cases) assert.equal((await get(headers)).status, status, JSON.stringify(headers))

  assert.equal(cold.status, 304)
  assert.equal(cold.body.length, 0)
  assert.equal(cold.header('etag'), etag)
  assert.equal(cold.header('last-modified'), date)
  const requests = origin.requests('a.txt')
  assert.equal(requests.length, 1)
  assert.ok(requests.every(({ headers }) => !Object.keys(headers).some((name) => name.startsWith('if-'))))
})

test('a 304 to a cold client fills the cache all the same', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const object = origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt', { headers: { 'if-none-match': object.current.etag ?? '' } })
  const body = await proxy.get('/b/a.txt')

  assert.equal(body.text, 'crow')
  assert.equal(origin.requests('a.txt').length, 1)
})
