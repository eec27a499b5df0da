import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { OriginQuery } from '../../../src/origin/origin.ts'
import { always, startRawServer } from '../../support/raw-server.ts'
import { answer, ask, askForObject, failsWith, originAt, s3Error, textOf, undated, valuesOf } from './rig.ts'

async function originSaying(t: TestContext, bytes: string) {
  const server = await startRawServer(t, always(bytes))
  return { ...originAt(t, server.url, { connections: 1 }), server }
}

const partial = (range: string, body: string, fields: string[] = []) =>
  answer(206, [`Content-Range: ${range}`, `Content-Length: ${body.length}`, 'ETag: "e"', ...fields], body)

test('a 200 is an object with its size, its strong tag and its bytes', async (t) => {
  const { origin, events } = await originSaying(t, answer(200, ['ETag: "e-2"'], 'hello'))
  const { head, start, body } = await askForObject(origin)
  assert.deepEqual([head.status, head.etag, head.size, start], [200, '"e-2"', 5, 0])
  assert.equal(await textOf(body), 'hello')
  assert.deepEqual(events.answers, [200])
  assert.equal(events.receivedBytes, 5)
})

test('a chunked object has no size', async (t) => {
  const bytes = answer(200, ['Transfer-Encoding: chunked'], '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n')
  const { head, body } = await askForObject((await originSaying(t, bytes)).origin)
  assert.equal(head.size, undefined)
  assert.equal(await textOf(body), 'abcde')
})

test('only a single, strong, quoted tag counts as one', async (t) => {
  for (const fields of [[], ['ETag: W/"e"'], ['ETag: e'], ['ETag: "a"', 'ETag: "b"'], ['ETag: "a"b"']]) {
    const { head } = await askForObject((await originSaying(t, answer(200, fields))).origin)
    assert.equal(head.etag, undefined, fields.join())
    assert.equal(valuesOf(head.headers, 'etag').length, fields.length)
  }
})

test('fields between the origin and the proxy stay there; all others pass in order, repeated ones too', async (t) => {
  const { origin } = await originSaying(
    t,
    answer(200, [
      'Connection: keep-alive, X-Hop',
      'X-Hop: 1',
      'Keep-Alive: timeout=5',
      'Proxy-Authenticate: Basic',
      'TE: trailers',
      'Trailer: X-Sum',
      'Upgrade: h2c',
      'Server: S3',
      'x-amz-request-id: 1',
      'x-amz-id-2: 2',
      'Vary: Origin',
      'Set-Cookie: a=1',
      'x-amz-meta-title: caf\u00c3\u00a9',
      'Set-Cookie: b=2',
      'vary:  Accept \t',
      'Content-Length: 0',
    ]),
  )
  const { head } = await askForObject(origin)
  assert.deepEqual(undated(head.headers), [
    ...['Vary', 'Origin', 'Set-Cookie', 'a=1', 'x-amz-meta-title', 'caf\u00c3\u00a9'],
    ...['Set-Cookie', 'b=2', 'vary', 'Accept'],
  ])
})

test('an empty object is an object', async (t) => {
  const { head, body } = await askForObject((await originSaying(t, answer(200))).origin)
  assert.equal(head.size, 0)
  assert.equal(await textOf(body), '')
})

test('the answer to HEAD has the size of the object and no bytes', async (t) => {
  const { origin } = await originSaying(t, answer(200, ['Content-Length: 1000']))
  for (let time = 0; time < 2; time += 1) {
    const { head, body } = await askForObject(origin, { method: 'HEAD' })
    assert.equal(head.size, 1000)
    assert.equal(await textOf(body), '')
  }
})

test('HEAD leaves its connection open for the next request', async (t) => {
  const { origin, server } = await originSaying(t, answer(200, ['Content-Length: 1000']))
  for (let time = 0; time < 3; time += 1) await ask(origin, { method: 'HEAD' })
  assert.equal(server.connections.length, 1)
})

test('interim answers are passed over', async (t) => {
  const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'
  const { head } = await askForObject((await originSaying(t, early + answer(200, ['X-A: 1']))).origin)
  assert.deepEqual([head.status, undated(head.headers)], [200, ['X-A', '1']])
})

test('a 206 is told as 200 with the size of the whole object and its place in it', async (t) => {
  const { origin } = await originSaying(t, partial('bytes 2-4/10', 'cde'))
  const { head, start, end, body } = await askForObject(origin, { range: { start: 2, end: 5 } })
  assert.deepEqual([head.status, head.size, start, end], [200, 10, 2, 5])
  assert.deepEqual(undated(head.headers), ['ETag', '"e"'])
  assert.equal(await textOf(body), 'cde')
})

test('a 206 may end before the range asked for, when the object does', async (t) => {
  const { origin } = await originSaying(t, partial('bytes 2-4/5', 'cde'))
  assert.equal((await askForObject(origin, { range: { start: 2, end: 100 } })).head.size, 5)
})

test('a 206 to a suffix says itself where it starts', async (t) => {
  const { origin } = await originSaying(t, partial('bytes 7-9/10', 'hij'))
  assert.equal((await askForObject(origin, { range: { suffix: 3 } })).start, 7)
})

const notWhatWasAsked: [what: string, bytes: string, range?: OriginQuery['range']][] = [
  ['that nobody asked for', partial('bytes 0-2/10', 'abc')],
  ['with another start', partial('bytes 1-3/10', 'bcd'), { start: 0, end: 3 }],
  ['with more than asked for', partial('bytes 0-3/10', 'abcd'), { start: 0, end: 3 }],
  ['with more than the suffix', partial('bytes 0-9/10', 'abcdefghij'), { suffix: 3 }],
  ['of an unknown size', partial('bytes 0-2/*', 'abc'), { start: 0, end: 3 }],
  ['beyond its own size', partial('bytes 0-2/2', 'abc'), { start: 0, end: 3 }],
  ['of a size beyond counting', partial('bytes 0-2/9007199254740993', 'abc'), { start: 0, end: 3 }],
  ['that ends before it starts', partial('bytes 0-0/10', 'ab').replace('0-0', '2-1'), { start: 2, end: 4 }],
  ['with another length than its range', partial('bytes 0-2/10', 'abcd'), { start: 0, end: 5 }],
  ['without Content-Range', answer(206, [], 'abc'), { start: 0, end: 3 }],
  ['in another unit', partial('lines 0-2/10', 'abc'), { start: 0, end: 3 }],
  ['in several parts', partial('bytes 0-2/9', 'abc', ['Content-Type: multipart/byteranges']), { start: 0, end: 3 }],
]
for (const [what, bytes, range] of notWhatWasAsked) {
  test(`a 206 ${what} is malformed`, async (t) => {
    const { origin } = await originSaying(t, bytes)
    await assert.rejects(ask(origin, range === undefined ? {} : { range }), failsWith('OriginMalformed'))
  })
}

test('a 206 to HEAD has no bytes to come', async (t) => {
  const { origin } = await originSaying(t, answer(206, ['Content-Range: bytes 0-2/10', 'Content-Length: 3']))
  const { head, body } = await askForObject(origin, { method: 'HEAD', range: { start: 0, end: 3 } })
  assert.equal(head.size, 10)
  assert.equal(await textOf(body), '')
})

test('a 304 to a condition is not-modified, to anything else it is no answer', async (t) => {
  const { origin } = await originSaying(t, answer(304, ['ETag: "e"', 'Connection: keep-alive']))
  const confirmed = await ask(origin, { ifModifiedSince: 'Thu, 01 Jan 2026 00:00:00 GMT' })
  assert.equal(confirmed.kind, 'not-modified')
  assert.deepEqual(confirmed.kind === 'not-modified' && undated(confirmed.headers), ['ETag', '"e"'])
  await assert.rejects(askForObject(origin), { code: 'OriginMalformed' })
})

test('a 412 to If-Match is changed, a 416 to a range is unsatisfiable, and both leave the connection open', async (t) => {
  const server = await startRawServer(t, async (connection) => {
    for (let request = await connection.request(); request !== undefined; request = await connection.request()) {
      const status = request.includes('if-match') ? 412 : 416
      connection.send(s3Error(status, status === 412 ? 'PreconditionFailed' : 'InvalidRange'))
    }
  })
  const { origin } = originAt(t, server.url, { connections: 1 })
  for (let time = 0; time < 2; time += 1) {
    assert.deepEqual(await ask(origin, { ifMatch: '"e"' }), { kind: 'changed' })
    assert.deepEqual(await ask(origin, { range: { start: 9 } }), { kind: 'unsatisfiable' })
  }
  assert.equal(server.connections.length, 1)
})

test('an object with another tag than If-Match named is changed, whatever the status says', async (t) => {
  const { origin } = await originSaying(t, answer(200, ['ETag: "new"'], 'x'))
  assert.deepEqual(await ask(origin, { ifMatch: '"old"' }), { kind: 'changed' })
})

test('answers whose long body is of no use give their connection back all the same', async (t) => {
  const body = 'x'.repeat(300_000)
  for (const bytes of [answer(412, [], body), answer(200, ['ETag: "new"'], body)]) {
    const { origin } = await originSaying(t, bytes)
    for (let time = 0; time < 3; time += 1) assert.deepEqual(await ask(origin, { ifMatch: '"e"' }), { kind: 'changed' })
  }
})

for (const [code, told] of [
  ['NoSuchKey', 'NoSuchKey'],
  ['NoSuchVersion', 'NoSuchKey'],
  ['NoSuchBucket', 'NoSuchBucket'],
]) {
  test(`S3's ${code} is missing as ${told}`, async (t) => {
    const missing = await ask((await originSaying(t, s3Error(404, code ?? ''))).origin)
    assert.equal(missing.kind === 'missing' && missing.code, told)
  })
}

const failures: [status: number, code: string, told: string][] = [
  [403, 'AccessDenied', 'AccessDenied'],
  [403, 'AccessForbidden', 'AccessDenied'],
  [403, 'InvalidObjectState', 'InvalidObjectState'],
  [403, 'SignatureDoesNotMatch', 'OriginCredentials'],
  [403, 'InvalidAccessKeyId', 'OriginCredentials'],
  [403, 'RequestTimeTooSkewed', 'OriginCredentials'],
  [400, 'ExpiredToken', 'OriginCredentials'],
  [400, 'InvalidToken', 'OriginCredentials'],
  [400, 'TokenRefreshRequired', 'OriginCredentials'],
  [301, 'PermanentRedirect', 'OriginRedirect'],
  [307, 'TemporaryRedirect', 'OriginRedirect'],
  [400, 'AuthorizationHeaderMalformed', 'OriginRedirect'],
  [503, 'SlowDown', 'SlowDown'],
  [503, 'ServiceUnavailable', 'SlowDown'],
  [503, 'XServerNotReady', 'SlowDown'],
  [429, 'TooManyRequests', 'SlowDown'],
  [500, 'InternalError', 'OriginError'],
  [501, 'NotImplemented', 'OriginError'],
  [400, 'InvalidArgument', 'OriginRejected'],
  [412, 'PreconditionFailed', 'OriginRejected'],
]
for (const [status, code, told] of failures) {
  test(`S3's ${status} ${code} is ${told}`, async (t) => {
    await assert.rejects(ask((await originSaying(t, s3Error(status, code))).origin), failsWith(told))
  })
}

const headFailures: [status: number, fields: string[], told: string][] = [
  [403, [], 'AccessDenied'],
  [400, [], 'OriginRejected'],
  [400, ['x-amz-bucket-region: eu-west-1'], 'OriginRedirect'],
  [301, ['x-amz-bucket-region: eu-west-1'], 'OriginRedirect'],
  [503, [], 'SlowDown'],
  [500, [], 'OriginError'],
]
for (const [status, fields, told] of headFailures) {
  test(`S3's ${status} to HEAD ${fields.length > 0 ? 'naming a region ' : ''}is ${told}`, async (t) => {
    const { origin } = await originSaying(t, answer(status, ['x-amz-request-id: 1', ...fields]))
    await assert.rejects(ask(origin, { method: 'HEAD' }), failsWith(told))
  })
}

test('a version that is a delete marker is missing', async (t) => {
  const { origin } = await originSaying(t, s3Error(405, 'MethodNotAllowed', '', ['x-amz-delete-marker: true']))
  assert.equal((await ask(origin)).kind, 'missing')
})

test('a redirect of S3 names the region and the endpoint in its message', async (t) => {
  const place = '<Region>eu-west-1</Region><Endpoint>bucket.s3.eu-west-1.amazonaws.com</Endpoint>'
  const { origin } = await originSaying(t, s3Error(301, 'PermanentRedirect', place))
  await assert.rejects(ask(origin), { message: /eu-west-1 bucket\.s3\.eu-west-1\.amazonaws\.com$/ })
})

test('Retry-After is passed on in seconds, a date as the seconds until then', async (t) => {
  const inSeconds = await originSaying(t, s3Error(503, 'SlowDown', '', ['Retry-After: 7']))
  await assert.rejects(ask(inSeconds.origin), { code: 'SlowDown', retryAfterSeconds: 7 })
  const past = await originSaying(t, s3Error(503, 'SlowDown', '', ['Retry-After: Thu, 01 Jan 1998 00:00:00 GMT']))
  await assert.rejects(ask(past.origin), { code: 'SlowDown', retryAfterSeconds: 0 })
})

test('the connection outlives an S3 error', async (t) => {
  const { origin, server } = await originSaying(t, s3Error(403, 'AccessDenied', 'x'.repeat(2000)))
  for (let time = 0; time < 3; time += 1) await assert.rejects(ask(origin))
  assert.equal(server.connections.length, 1)
})

test('an endless S3 error is read only so far', async (t) => {
  const server = await startRawServer(t, async (connection) => {
    await connection.request()
    connection.send('HTTP/1.1 404 No\r\nContent-Length: 99999999\r\n\r\n<Error><Code>NoSuchKey</Code>')
    connection.send('x'.repeat(200_000))
  })
  assert.equal((await ask(originAt(t, server.url).origin)).kind, 'missing')
  await server.connections[0]?.closed()
})

const passedThrough: [what: string, status: number, type: string, body: string][] = [
  ['an HTML redirect', 301, 'text/html', '<html>moved</html>'],
  ['an HTML 404', 404, 'text/html', '<html>not here</html>'],
  ['a text 500', 500, 'text/plain', 'oops'],
  ['an empty 410', 410, 'text/plain', ''],
  ['other XML', 403, 'application/xml', '<?xml version="1.0"?>\n<ErrorReport><Code>AccessDenied</Code></ErrorReport>'],
  ['a long 503', 503, 'text/html', 'x'.repeat(300_000)],
]
for (const [what, status, type, body] of passedThrough) {
  test(`${what} passes with its status and its whole body`, async (t) => {
    const { origin } = await originSaying(t, answer(status, [`Content-Type: ${type}`], body))
    const passed = await askForObject(origin)
    assert.deepEqual([passed.head.status, passed.head.size], [status, body.length])
    assert.equal(await textOf(passed.body), body)
  })
}

test('an error to HEAD that is not from S3 passes with its status', async (t) => {
  const { origin } = await originSaying(t, answer(404, ['Content-Length: 9']))
  assert.equal((await askForObject(origin, { method: 'HEAD' })).head.status, 404)
})

test('a redirect an object asks for passes, to HEAD too', async (t) => {
  const { origin } = await originSaying(t, answer(301, ['Location: /b', 'x-amz-request-id: 1']))
  for (const method of ['GET', 'HEAD'] as const) {
    const { head } = await askForObject(origin, { method })
    assert.deepEqual(undated(head.headers), ['Location', '/b'])
  }
})
