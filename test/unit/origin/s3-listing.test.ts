/** Listings by servers that do not behave, or that tell what they were asked. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../../src/base/clock.ts'
import { createS3Listing, type S3ListingOptions } from '../../../src/origin/s3-listing.ts'
import { failsWith } from './rig.ts'

const never = new AbortController().signal

interface Asked {
  readonly host: string | undefined
  readonly authorization: string | undefined
  readonly url: URL
}

type Answer = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void

/** Every name is this machine's. */
const lookup: LookupFunction = (_host, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }])

async function stage(t: TestContext, answer: Answer, options: Partial<S3ListingOptions> = {}) {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://s3')
    const question = { host: request.headers.host, authorization: request.headers.authorization, url }
    asked.push(question)
    answer(question, response, request)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  const credentials = { kind: 'static', accessKeyId: 'AKIA', secretAccessKey: 'secret' } as const
  const plain = { bucket: 'bucket', region: 'eu-west-1', credentials, forcePathStyle: true, timeoutMs: 20_000 }
  const endpoint = `http://127.0.0.1:${port}`
  const listing = createS3Listing({ ...plain, endpoint, ...options }, { clock: systemClock, lookup })
  t.after(() => listing.close())
  return { listing, asked, port }
}

function page(keys: readonly string[], more = '', encoding = '<EncodingType>url</EncodingType>'): string {
  const contents = keys.map((key) => `<Contents><Key>${key}</Key><Size>7</Size></Contents>`).join('')
  return `<?xml version="1.0"?><ListBucketResult>${encoding}${more}${contents}</ListBucketResult>`
}

const goesOn = (token: string) =>
  `<IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken>`

const error = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>m</Message></Error>`

async function keysOf(listing: ReturnType<typeof createS3Listing>, prefix = ''): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of listing.list(prefix, never)) keys.push(key)
  return keys
}

test('a page is asked for when the one before has been read', async (t) => {
  const { listing, asked } = await stage(t, ({ url }, response) => {
    const token = url.searchParams.get('continuation-token')
    response.end(token === null ? page(['a', 'b'], goesOn('two')) : page(['c']))
  })
  const objects = listing.list('p/', never)[Symbol.asyncIterator]()
  assert.deepEqual((await objects.next()).value, { key: 'a', size: 7 })
  assert.deepEqual((await objects.next()).value, { key: 'b', size: 7 })
  assert.equal(asked.length, 1)
  assert.deepEqual((await objects.next()).value, { key: 'c', size: 7 })
  assert.equal((await objects.next()).done, true)
  const tokens = asked.map(({ url }) => [url.searchParams.get('prefix'), url.searchParams.get('continuation-token')])
  assert.deepEqual(tokens, [
    ['p/', null],
    ['p/', 'two'],
  ])
})

test('keys are decoded where the server says that it encoded them, and what is not UTF-8 is left out', async (t) => {
  const encoded = await stage(t, (_, response) => response.end(page(['a+b%2Bc%25', '%FF', '%E6%97%A5'])))
  assert.deepEqual(await keysOf(encoded.listing), ['a b+c%', '日'])
  const plain = await stage(t, (_, response) => response.end(page(['a+b%2Bc', '100%'], '', '')))
  assert.deepEqual(await keysOf(plain.listing), ['a+b%2Bc', '100%'])
})

test('requests are signed for the region, or not at all', async (t) => {
  const signed = await stage(t, (_, response) => response.end(page([])))
  await keysOf(signed.listing)
  assert.match(signed.asked[0]?.authorization ?? '', /Credential=AKIA\/\d{8}\/eu-west-1\/s3\/aws4_request/)
  const unsigned = await stage(t, (_, response) => response.end(page([])), { credentials: { kind: 'anonymous' } })
  await keysOf(unsigned.listing)
  assert.equal(unsigned.asked[0]?.authorization, undefined)
})

test('a bucket is named in the host where that is how its objects are reached', async (t) => {
  const { listing, asked, port } = await stage(t, (_, response) => response.end(page([])))
  await keysOf(listing)
  const endpoint = `http://s3.test:${port}`
  for (const options of [{ forcePathStyle: false }, { forcePathStyle: true }]) {
    await keysOf((await stage(t, () => {}, { endpoint, ...options })).listing)
  }
  assert.deepEqual(
    asked.map(({ host, url }) => `${host}${url.pathname}`),
    [`127.0.0.1:${port}/bucket/`, `bucket.s3.test:${port}/`, `s3.test:${port}/bucket/`],
  )
})

test('an answer that says nothing useful has its place in the error table', async (t) => {
  const answers: readonly (readonly [code: string, status: number, body: string])[] = [
    ['OriginMalformed', 200, page([], '<IsTruncated>true</IsTruncated>')],
    ['OriginMalformed', 200, page([], goesOn('same'))],
    ['OriginMalformed', 200, 'no XML'],
    ['OriginRejected', 400, error('InvalidArgument')],
    ['OriginRedirect', 301, error('PermanentRedirect')],
    ['AccessDenied', 403, error('AccessDenied')],
    ['AccessDenied', 403, ''],
    ['OriginError', 501, error('NotImplemented')],
  ]
  for (const [code, status, body] of answers) {
    const { listing } = await stage(t, (_, response) => response.writeHead(status).end(body))
    await assert.rejects(keysOf(listing), failsWith(code), `${status} ${body}`)
  }
})

test('what may pass is asked for three times', async (t) => {
  const { listing, asked } = await stage(t, (_, response) => response.writeHead(503).end(error('SlowDown')))
  await assert.rejects(keysOf(listing), failsWith('SlowDown'))
  assert.equal(asked.length, 3)
})

test('an origin that is not there, and one that falls silent, are told apart', async (t) => {
  const dead = await stage(t, () => {}, { endpoint: 'http://127.0.0.1:1' })
  await assert.rejects(keysOf(dead.listing), failsWith('OriginUnreachable'))
  const silences: readonly Answer[] = [() => {}, (_, response) => response.write('<ListBucketResult>')]
  for (const answer of silences) {
    const silent = await stage(t, answer, { timeoutMs: 20 })
    await assert.rejects(keysOf(silent.listing), failsWith('OriginTimeout'))
  }
})

test('calling a listing off ends its request, with the reason given', async (t) => {
  const caller = new AbortController()
  const reason = new Error('enough')
  const closed = Promise.withResolvers<void>()
  const { listing } = await stage(t, (_, response) => {
    response.once('close', () => closed.resolve())
    caller.abort(reason)
  })
  await assert.rejects(listing.list('', caller.signal)[Symbol.asyncIterator]().next(), reason)
  await closed.promise
})
