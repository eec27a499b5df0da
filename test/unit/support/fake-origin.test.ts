import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../support/fake-clock.ts'
import { startFakeOrigin } from '../../support/fake-origin.ts'
import { blockBytes, expectedBytes } from '../../support/synthetic-bytes.ts'

const bytesOf = async (response: Response): Promise<Uint8Array> => new Uint8Array(await response.arrayBuffer())

test('it serves an object with validators and records the request', async (t) => {
  const origin = await startFakeOrigin(t)
  const object = origin.serve('/b/a ü', 'crow', { headers: { 'cache-control': 'max-age=5' } })
  const response = await fetch(`${origin.endpoint}/b/a%20%C3%BC?x=1`)
  assert.equal(await response.text(), 'crow')
  assert.equal(response.headers.get('etag'), object.current.etag)
  assert.equal(response.headers.get('cache-control'), 'max-age=5')
  assert.equal(response.headers.get('last-modified'), 'Wed, 01 Jan 2025 00:00:00 GMT')

  const [request] = origin.requests('/b/a ü')
  assert.equal(request?.path, '/b/a%20%C3%BC')
  assert.equal(request?.query, 'x=1')
  assert.equal(request?.bytesSent, 4)
  assert.equal(await request?.ended, true)
})

test('a bare key lives in the bucket called bucket', async (t) => {
  const origin = await startFakeOrigin(t)
  origin.serve('k', '1')
  assert.equal(await (await fetch(`${origin.endpoint}/bucket/k`)).text(), '1')
  assert.equal(origin.requests('k').length, 1)
})

for (const [range, status, body] of [
  ['bytes=2-4', 206, '234'],
  ['bytes=7-', 206, '789'],
  ['bytes=-3', 206, '789'],
  ['bytes=8-100', 206, '89'],
  ['bytes=10-', 416, undefined],
  ['bytes=-0', 416, undefined],
  ['bytes=0-1,4-5', 200, '0123456789'],
] as const) {
  test(`Range: ${range} is answered ${status}`, async (t) => {
    const origin = await startFakeOrigin(t)
    origin.serve('k', '0123456789')
    const response = await fetch(`${origin.endpoint}/bucket/k`, { headers: { range } })
    const text = await response.text()
    assert.equal(response.status, status)
    if (body !== undefined) assert.equal(text, body)
  })
}

test('conditions are judged as S3 does, and a 304 repeats no validator', async (t) => {
  const origin = await startFakeOrigin(t)
  const { current } = origin.serve('k', 'x')
  const ask = async (headers: Record<string, string>) => {
    const response = await fetch(`${origin.endpoint}/bucket/k`, { headers })
    await response.arrayBuffer()
    return response
  }
  assert.equal((await ask({ 'if-match': '"other"' })).status, 412)
  assert.equal((await ask({ 'if-match': current.etag ?? '' })).status, 200)
  const notModified = await ask({ 'if-none-match': current.etag ?? '' })
  assert.equal(notModified.status, 304)
  assert.equal(notModified.headers.get('etag'), null)
  assert.equal((await ask({ 'if-modified-since': current.lastModified ?? '' })).status, 304)
  assert.equal((await ask({ 'if-none-match': '"o"', 'if-modified-since': current.lastModified ?? '' })).status, 200)
})

test('HEAD has the length and no body, and what is not there is an S3 error', async (t) => {
  const origin = await startFakeOrigin(t)
  origin.serve('k', 'four')
  const head = await fetch(`${origin.endpoint}/bucket/k`, { method: 'HEAD' })
  assert.equal(head.headers.get('content-length'), '4')
  assert.equal(origin.bytesSent('k'), 0)
  const missing = await fetch(`${origin.endpoint}/bucket/nothing`)
  assert.equal(missing.status, 404)
  assert.match(await missing.text(), /<Code>NoSuchKey<\/Code>/)
})

test('a held body sends what lies before the barrier and waits', async (t) => {
  const origin = await startFakeOrigin(t)
  const hold = origin.serve('k', '0123456789').holdAt(4)
  const response = await fetch(`${origin.endpoint}/bucket/k`)
  await hold.reached
  assert.equal(origin.bytesSent('k'), 4)
  hold.release()
  assert.equal(await response.text(), '0123456789')
})

test('a body held from its first byte has its head sent already', async (t) => {
  const origin = await startFakeOrigin(t)
  const hold = origin.serve('k', 'x').holdAt(0)
  const response = await fetch(`${origin.endpoint}/bucket/k`)
  hold.release()
  assert.equal(await response.text(), 'x')
})

test('a delayed head holds the whole answer back', async (t) => {
  const origin = await startFakeOrigin(t)
  const delay = origin.serve('k', 'x').delayHead()
  const response = fetch(`${origin.endpoint}/bucket/k`)
  await delay.reached
  delay.release()
  assert.equal(await (await response).text(), 'x')
})

test('a dropped body breaks off after exactly its bytes', async (t) => {
  const origin = await startFakeOrigin(t)
  origin.serve('k', '0123456789').dropAt(4, { times: 1 })
  const body = (await fetch(`${origin.endpoint}/bucket/k`)).body
  let received = ''
  await assert.rejects(async () => {
    for await (const chunk of body ?? []) received += Buffer.from(chunk).toString()
  })
  assert.equal(received, '0123')
  assert.equal(await (await fetch(`${origin.endpoint}/bucket/k`)).text(), '0123456789')
})

test('errors strike as often as told and end with recover', async (t) => {
  const origin = await startFakeOrigin(t)
  const object = origin.serve('k', 'x')
  const status = async () => {
    const response = await fetch(`${origin.endpoint}/bucket/k`)
    await response.arrayBuffer()
    return response.status
  }
  object.failWith(503, 'SlowDown', { times: 2 })
  assert.deepEqual([await status(), await status(), await status()], [503, 503, 200])
  object.failWith(500, 'InternalError')
  assert.equal(await status(), 500)
  object.recover()
  assert.equal(await status(), 200)
})

test('a body under way keeps to its version when the object is replaced', async (t) => {
  const origin = await startFakeOrigin(t)
  const object = origin.serve('k', 'old content')
  const before = object.current
  const hold = object.holdAt(3)
  const response = await fetch(`${origin.endpoint}/bucket/k`)
  await hold.reached
  object.replace('new')
  hold.release()
  assert.equal(await response.text(), 'old content')
  const after = await fetch(`${origin.endpoint}/bucket/k`)
  assert.equal(await after.text(), 'new')
  assert.notEqual(after.headers.get('etag'), before.etag)
  assert.notEqual(after.headers.get('last-modified'), before.lastModified)
})

test('validators, length and date are left out or set as told', async (t) => {
  const origin = await startFakeOrigin(t, { clock: new FakeClock() })
  origin.serve('k', 'x', { etag: null, lastModified: null, chunked: true })
  const { headers } = await fetch(`${origin.endpoint}/bucket/k`)
  assert.equal(headers.get('etag'), null)
  assert.equal(headers.get('last-modified'), null)
  assert.equal(headers.get('content-length'), null)
  assert.equal(headers.get('date'), 'Thu, 01 Jan 2026 00:00:00 GMT')
})

test('header values go out one byte per character, as given', async (t) => {
  const origin = await startFakeOrigin(t)
  const bytes = Buffer.from('烏').toString('latin1')
  origin.serve('k', 'x', { headers: { 'x-amz-meta-name': bytes } })
  const { headers } = await fetch(`${origin.endpoint}/bucket/k`)
  assert.equal(headers.get('x-amz-meta-name'), bytes)
})

test('an answer by hand may be anything', async (t) => {
  const origin = await startFakeOrigin(t)
  origin.serve('k', 'x').respond((_request, response) => void response.writeHead(418).end('teapot'))
  assert.equal((await fetch(`${origin.endpoint}/bucket/k`)).status, 418)
})

test('a stopped origin refuses connections and comes back on the same port', async (t) => {
  const origin = await startFakeOrigin(t)
  origin.serve('k', 'x')
  const { endpoint } = origin
  await origin.stop()
  assert.equal(origin.openConnections, 0)
  await assert.rejects(fetch(`${endpoint}/bucket/k`))
  await origin.start()
  assert.equal(origin.endpoint, endpoint)
  assert.equal(await (await fetch(`${endpoint}/bucket/k`)).text(), 'x')
})

test('a synthetic object is the same bytes whichever way it is cut', async (t) => {
  const origin = await startFakeOrigin(t)
  const size = 3 * blockBytes + 17
  origin.serve('big', { size, seed: 7 })
  const whole = await bytesOf(await fetch(`${origin.endpoint}/bucket/big`))
  assert.deepEqual(whole, expectedBytes(7, 0, size))
  const [from, to] = [blockBytes - 5, 2 * blockBytes + 9]
  const part = await fetch(`${origin.endpoint}/bucket/big`, { headers: { range: `bytes=${from}-${to - 1}` } })
  assert.deepEqual(await bytesOf(part), whole.subarray(from, to))
  assert.notDeepEqual(expectedBytes(8, 0, 64), expectedBytes(7, 0, 64))
  assert.notDeepEqual(expectedBytes(7, blockBytes, blockBytes + 64), expectedBytes(7, 0, 64))
})

test('requests are waited for, not polled', async (t) => {
  const origin = await startFakeOrigin(t)
  origin.serve('k', 'x')
  const second = origin.arrival('k', 2)
  for (const _ of [1, 2]) await (await fetch(`${origin.endpoint}/bucket/k`)).arrayBuffer()
  assert.equal((await second).method, 'GET')
})
