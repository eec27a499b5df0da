import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OriginQuery } from '../../../src/origin/origin.ts'
import type { S3OriginOptions } from '../../../src/origin/s3-origin.ts'
import { always, startRawServer } from '../../support/raw-server.ts'
import { answer, ask, originAt, refTo } from './rig.ts'

const keys = { kind: 'static', accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' } as const

/** The lines of the one request that this question becomes. */
async function linesSent(
  t: Parameters<typeof startRawServer>[0],
  query: Partial<OriginQuery> = {},
  { ref = refTo('a'), options = {} }: { ref?: ReturnType<typeof refTo>; options?: Partial<S3OriginOptions> } = {},
): Promise<string[]> {
  const server = await startRawServer(t, always(answer(200)))
  const { origin } = originAt(t, server.url, options)
  await ask(origin, query, ref)
  assert.equal(server.requests.length, 1)
  return (server.requests[0] ?? '').trimEnd().split('\r\n')
}

test('an anonymous GET carries nothing but Host and what keeps the connection', async (t) => {
  const [line, ...fields] = await linesSent(t)
  assert.equal(line, 'GET /bucket/a HTTP/1.1')
  assert.deepEqual(
    fields.map((field) => field.split(':')[0]),
    ['host', 'connection'],
  )
})

test('a signed GET adds its date, its token and the signature, and asks for no checksums or codings', async (t) => {
  const [, ...fields] = await linesSent(t, {}, { options: { credentials: keys } })
  const expected = ['authorization', 'connection', 'host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token']
  assert.deepEqual(fields.map((field) => field.split(':')[0]).toSorted(), expected)
})

test('the Host that is signed is the Host that is sent', async (t) => {
  const lines = await linesSent(t, {}, { options: { credentials: keys } })
  assert.equal(lines.filter((line) => line.startsWith('host: 127.0.0.1:')).length, 1)
  assert.match(lines.find((line) => line.startsWith('authorization')) ?? '', /SignedHeaders=host;/)
})

for (const [key, path] of [
  ['x//y', 'x//y'],
  ['/lead', '/lead'],
  ['./x', './x'],
  ['d/../e', 'd/../e'],
  ['..', '..'],
  ['a+b c%41?#', 'a%2Bb%20c%2541%3F%23'],
  ['é\n', '%C3%A9%0A'],
] as const) {
  test(`the key ${JSON.stringify(key)} goes on the wire as it is`, async (t) => {
    const [line] = await linesSent(t, {}, { ref: refTo(key) })
    assert.equal(line, `GET /bucket/${path} HTTP/1.1`)
  })
}

test('the query of the object is sent in canonical form', async (t) => {
  const [line] = await linesSent(t, {}, { ref: refTo('a', 'versionId=2&a%2a=b') })
  assert.equal(line, 'GET /bucket/a?a%2A=b&versionId=2 HTTP/1.1')
})

for (const [range, value] of [
  [{ start: 0, end: 10 }, 'bytes=0-9'],
  [{ start: 5 }, 'bytes=5-'],
  [{ suffix: 7 }, 'bytes=-7'],
] as const) {
  test(`a range is asked for as ${value}`, async (t) => {
    const server = await startRawServer(t, always(answer(416)))
    const { origin } = originAt(t, server.url)
    assert.deepEqual(await ask(origin, { range }), { kind: 'unsatisfiable' })
    assert.match(server.requests[0] ?? '', new RegExp(`\r\nrange: ${value}\r\n`))
  })
}

test('conditions are sent as they are, and only those asked for', async (t) => {
  const fields = await linesSent(t, { ifNoneMatch: '"e"', ifModifiedSince: 'Thu, 01 Jan 2026 00:00:00 GMT' })
  assert.ok(fields.includes('if-none-match: "e"'))
  assert.ok(fields.includes('if-modified-since: Thu, 01 Jan 2026 00:00:00 GMT'))
  assert.ok(!fields.some((field) => /^(if-match|if-range|range)/i.test(field)))
})

test('forwarded fields go byte for byte and unsigned, but for those SigV4 wants signed', async (t) => {
  const headers = ['X-Title', 'caf\u00c3\u00a9', 'Content-Type', 'text/plain']
  const fields = await linesSent(t, { headers }, { options: { credentials: keys } })
  assert.ok(fields.includes('X-Title: caf\u00c3\u00a9'))
  assert.match(
    fields.find((field) => field.startsWith('authorization')) ?? '',
    /SignedHeaders=content-type;host;x-amz-/,
  )
})

test('in virtual-host style the bucket is part of Host and not of the path', async (t) => {
  const server = await startRawServer(t, always(answer(200)))
  const lookup = (
    _name: string,
    _options: unknown,
    found: (e: null, a: { address: string; family: number }[]) => void,
  ) => found(null, [{ address: '127.0.0.1', family: 4 }])
  const endpoint = `http://s3.test:${server.port}`
  const { origin } = originAt(t, endpoint, { forcePathStyle: false }, { lookup: lookup as never })
  await ask(origin)
  assert.match(server.requests[0] ?? '', new RegExp(`^GET /a HTTP/1.1\r\nhost: bucket.s3.test:${server.port}\r\n`))
})

test('OPTIONS is passed through', async (t) => {
  const [line] = await linesSent(t, { method: 'OPTIONS', headers: ['Origin', 'https://a.example'] })
  assert.equal(line, 'OPTIONS /bucket/a HTTP/1.1')
})
