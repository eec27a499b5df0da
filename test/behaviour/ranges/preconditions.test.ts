import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

const etag = '"v1"'
const lastModified = 'Wed, 01 Jan 2025 00:00:00 GMT'
const before = 'Tue, 31 Dec 2024 00:00:00 GMT'
const after = 'Thu, 02 Jan 2025 00:00:00 GMT'

const cases: readonly { headers: Record<string, string>; status: number }[] = [
  { headers: { 'if-match': '"v0", "v1"' }, status: 200 },
  { headers: { 'if-match': '*' }, status: 200 },
  { headers: { 'if-match': '"v2"' }, status: 412 },
  { headers: { 'if-match': 'W/"v1"' }, status: 412 },
  { headers: { 'if-none-match': '"v0", "v1"' }, status: 304 },
  { headers: { 'if-none-match': 'W/"v1"' }, status: 304 },
  { headers: { 'if-none-match': '*' }, status: 304 },
  { headers: { 'if-none-match': '"v2"' }, status: 200 },
  { headers: { 'if-modified-since': lastModified }, status: 304 },
  { headers: { 'if-modified-since': after }, status: 304 },
  { headers: { 'if-modified-since': before }, status: 200 },
  { headers: { 'if-none-match': '"v2"', 'if-modified-since': after }, status: 200 },
  { headers: { 'if-unmodified-since': lastModified }, status: 200 },
  { headers: { 'if-unmodified-since': before }, status: 412 },
  { headers: { 'if-match': '"v1"', 'if-unmodified-since': before }, status: 200 },
  { headers: { 'if-match': '"v1"', 'if-none-match': '"v1"' }, status: 304 },
]

for (const { headers, status } of cases) {
  test(`${JSON.stringify(headers)} is answered with ${status}, cold and cached`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve('a', 'crow', { etag, lastModified })

    for (const method of ['GET', 'HEAD'] as const) {
      const cold = await proxy.get('/b/a', { method, headers })
      assert.equal(cold.status, status)
    }
    const cached = await proxy.get('/b/a', { headers })
    assert.equal(cached.status, status)
    assert.equal(cached.text, status === 200 ? 'crow' : status === 304 ? '' : cached.text)
    if (status !== 412) assert.equal(cached.header('etag'), etag)
    if (status === 304) assert.equal(cached.header('content-length'), undefined)
    // Decided here: the origin is asked once and sees none of it.
    assert.equal(origin.requests('a').length, 1)
    for (const name of Object.keys(headers)) assert.equal(origin.requests('a')[0]?.headers[name], undefined)
  })
}
