/** What S3 servers in the field really send, one test for each known way of being surprising. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../support/fake-clock.ts'
import { always, startRawServer } from '../../support/raw-server.ts'
import { answer, ask, askForObject, failsWith, originAt, s3Error, textOf, undated, valuesOf } from './rig.ts'

test('two status lines in one answer are malformed and cost the connection (Ceph RGW)', async (t) => {
  const server = await startRawServer(
    t,
    always(
      'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nHTTP/1.1 400 Bad Request\r\nContent-Length: 245\r\n' +
        'Content-Type: application/xml\r\n\r\n<Error><Code>InvalidRequest</Code></Error>',
    ),
  )
  const { origin, events } = originAt(t, server.url)
  await assert.rejects(ask(origin), failsWith('OriginMalformed'))
  await server.connections[0]?.closed()
  assert.deepEqual(events.answers, ['error'])
  assert.equal(server.requests.length, 1)
})

test('a HEAD error with a last chunk after it harms neither this answer nor the next (OpenStack Swift)', async (t) => {
  const server = await startRawServer(t, async (connection, index) => {
    await connection.request()
    if (index > 0) return connection.send(answer(200, [], 'next'))
    connection.send('HTTP/1.1 404 Not Found\r\nx-amz-request-id: 1\r\nTransfer-Encoding: chunked\r\n\r\n')
    await connection.request()
    connection.send('0\r\n\r\n') // too late for the answer it belongs to, were the connection used again
  })
  const { origin } = originAt(t, server.url, { connections: 1 })
  assert.equal((await ask(origin, { method: 'HEAD' })).kind, 'missing')
  assert.equal(await textOf((await askForObject(origin)).body), 'next')
})

test('a part is asked for with If-Match, because If-Range is ignored, and another tag in a 206 is a change', async (t) => {
  const fields = ['ETag: "new"', 'Content-Range: bytes 0-2/3', 'Content-Length: 3']
  const server = await startRawServer(t, always(answer(206, fields, 'abc')))
  const { origin } = originAt(t, server.url)
  assert.deepEqual(await ask(origin, { range: { start: 0 }, ifMatch: '"old"' }), { kind: 'changed' })
  assert.match(server.requests[0] ?? '', /\r\nif-match: "old"\r\n/)
  assert.doesNotMatch(server.requests[0] ?? '', /if-range/i)
})

test('a 304 needs no ETag (Ceph RGW)', async (t) => {
  const server = await startRawServer(t, always('HTTP/1.1 304 Not Modified\r\nx-amz-request-id: 1\r\nDate: d\r\n\r\n'))
  const confirmed = await ask(originAt(t, server.url).origin, { ifNoneMatch: '"e"' })
  assert.deepEqual(confirmed.kind === 'not-modified' && confirmed.headers, ['Date', 'd'])
})

test('an answer without Date has the time it was received, whatever its status', async (t) => {
  const clock = new FakeClock(Date.UTC(2026, 10, 20, 12, 0, 7, 999))
  for (const status of [200, 304, 404]) {
    const server = await startRawServer(t, always(answer(status, ['ETag: "e"'])))
    const answered = await ask(originAt(t, server.url, {}, { clock }).origin, { ifNoneMatch: '"e"' })
    const headers = answered.kind === 'object' ? answered.head.headers : 'headers' in answered && answered.headers
    assert.deepEqual(headers, ['ETag', '"e"', 'Date', 'Fri, 20 Nov 2026 12:00:07 GMT'])
  }
})

test('a 304 tells nothing about the length, whatever Content-Length it has (OpenStack Swift)', async (t) => {
  const server = await startRawServer(
    t,
    always(answer(304, ['Content-Length: 0', 'Content-Type: text/html', 'ETag: "e"'])),
  )
  const { origin } = originAt(t, server.url)
  for (let time = 0; time < 2; time += 1) {
    const confirmed = await ask(origin, { ifNoneMatch: '"e"' })
    assert.deepEqual(confirmed.kind === 'not-modified' && valuesOf(confirmed.headers, 'content-length'), [])
  }
})

test('a 200 with Content-Range is the whole object (Ceph RGW, an unknown unit)', async (t) => {
  const server = await startRawServer(t, always(answer(200, ['Content-Range: bytes 0-2/5'], 'abcde')))
  const { head, start, body } = await askForObject(originAt(t, server.url).origin, { range: { start: 2 } })
  assert.deepEqual([head.status, head.size, start], [200, 5, 0])
  assert.deepEqual(undated(head.headers), [])
  assert.equal(await textOf(body), 'abcde')
})

test('an answer in several parts is refused (OpenStack Swift)', async (t) => {
  const fields = ['Content-Type: multipart/byteranges; boundary=b', 'Content-Length: 3']
  const server = await startRawServer(t, always(answer(206, fields, '--b')))
  await assert.rejects(ask(originAt(t, server.url).origin, { range: { start: 0 } }), failsWith('OriginMalformed'))
})

test('a 416 needs no Content-Range', async (t) => {
  const server = await startRawServer(t, always(s3Error(416, 'InvalidRange')))
  assert.deepEqual(await ask(originAt(t, server.url).origin, { range: { start: 99 } }), { kind: 'unsatisfiable' })
})

test('no body is waited for after a HEAD error that announces one (Ceph RGW, CloudServer)', async (t) => {
  const server = await startRawServer(t, always(answer(404, ['x-amz-request-id: 1', 'Content-Length: 240'])))
  const { origin } = originAt(t, server.url, { connections: 1 })
  for (let time = 0; time < 2; time += 1) assert.equal((await ask(origin, { method: 'HEAD' })).kind, 'missing')
  assert.equal(server.connections.length, 1)
})

test('one condition is asked at a time, because servers disagree on which of several comes first', async (t) => {
  const server = await startRawServer(t, always(answer(304)))
  await ask(originAt(t, server.url).origin, { ifNoneMatch: '"e"' })
  assert.deepEqual(server.requests[0]?.match(/\r\nif-[a-z-]+/gi), ['\r\nif-none-match'])
})

test('another Last-Modified under the same tag is the same object (Ceph RGW after tagging)', async (t) => {
  const fields = ['ETag: "e"', 'Last-Modified: later', 'Content-Range: bytes 0-2/3', 'Content-Length: 3']
  const server = await startRawServer(t, always(answer(206, fields, 'abc')))
  const { head } = await askForObject(originAt(t, server.url).origin, { range: { start: 0 }, ifMatch: '"e"' })
  assert.equal(head.etag, '"e"')
})

test('checksums are not asked for, so that whole and ranged answers have the same fields', async (t) => {
  const server = await startRawServer(t, always(answer(200)))
  await ask(originAt(t, server.url, { credentials: { kind: 'static', accessKeyId: 'a', secretAccessKey: 's' } }).origin)
  assert.doesNotMatch(server.requests[0] ?? '', /checksum/i)
})

test('the client’s Host never reaches S3: the request is signed anew for the host it goes to', async (t) => {
  const server = await startRawServer(t, always(answer(200)))
  await ask(originAt(t, server.url, { credentials: { kind: 'static', accessKeyId: 'a', secretAccessKey: 's' } }).origin)
  assert.deepEqual(server.requests[0]?.match(/\r\nhost: .*/gi), [`\r\nhost: 127.0.0.1:${server.port}`])
  assert.match(server.requests[0] ?? '', /SignedHeaders=host;/)
})
