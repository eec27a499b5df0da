import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

const sent = {
  etag: '"9b2cf535f27731c974343645a3985328-2"',
  'content-type': 'text/plain; charset=utf-8',
  'content-encoding': 'gzip',
  'content-disposition': 'attachment; filename="crow.txt"',
  'content-language': 'en',
  'cache-control': 'max-age=60',
  'x-amz-meta-name': Buffer.from('三足烏').toString('latin1'),
  'x-amz-version-id': 'v.1',
  'x-amz-storage-class': 'STANDARD_IA',
  'x-amz-server-side-encryption': 'AES256',
  link: ['</a>; rel=preload', '</b>; rel=preload'],
}
const perRequest = new Set(['x-cache', 'cache-status', 'age', 'x-correlation-id', 'connection', 'keep-alive'])

const body = Buffer.from([0x1f, 0x8b, 0, 255])

test('every field the origin sent arrives byte for byte, on a miss and on a hit', async (t) => {
  const { proxy, origin } = await startProxy(t)
  const answer = {
    ...sent,
    'x-amz-request-id': 'tx1',
    'x-amz-id-2': 'host',
    server: 'S3',
    connection: 'x-hop',
    'x-hop': '1',
  }
  origin.serve('a.txt', '').respond((_request, response) => {
    response.writeHead(200, { ...answer, 'content-length': body.length }).end(body)
  })

  const [miss, hit] = [await fields(), await fields()]

  assert.equal(miss.get('x-cache'), 'MISS')
  assert.equal(hit.get('x-cache'), 'HIT')
  for (const [name, value] of Object.entries(sent)) assert.equal(hit.get(name), [value].flat().join(', '), name)
  const lasting = (all: ReadonlyMap<string, string>) => [...all].filter(([name]) => !perRequest.has(name)).sort()
  assert.deepEqual(lasting(hit), lasting(miss))
  for (const name of ['server', 'x-amz-request-id', 'x-amz-id-2', 'x-hop']) assert.equal(hit.get(name), undefined, name)
  assert.equal(origin.requests('a.txt').length, 1)

  async function fields(): Promise<ReadonlyMap<string, string>> {
    const { headers, body: received } = await proxy.open('/b/a.txt')
    assert.deepEqual(Buffer.from(await received.arrayBuffer()), body)
    return new Map(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))
  }
})
