/** The S3 origin against a real S3 server that checks every signature. */

import assert from 'node:assert/strict'
import type { LookupFunction } from 'node:net'
import { type TestContext, test } from 'node:test'
import { PutBucketPolicyCommand, PutObjectTaggingCommand } from '@aws-sdk/client-s3'
import { systemClock } from '../../src/base/clock.ts'
import type { S3OriginOptions, S3OriginPorts } from '../../src/origin/s3-origin.ts'
import { originContract } from '../contract/origin.contract.ts'
import { type S3Server, startS3 } from '../support/s3-server.ts'
import { ask, askForObject, bytesOf, failsWith, originAt, refTo, textOf, valuesOf } from '../unit/origin/rig.ts'

/** An origin over a fresh bucket of the server, with the server's own keys unless told otherwise. */
async function originOverS3(
  t: TestContext,
  options: Partial<S3OriginOptions> = {},
  ports: Partial<S3OriginPorts> = {},
) {
  const s3 = await startS3()
  const bucket = await s3.bucket()
  const credentials = { kind: 'static', accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey } as const
  const all = { bucket, region: s3.region, credentials, ...options }
  return { s3, bucket, ...originAt(t, options.endpoint ?? s3.endpoint, all, ports) }
}

originContract('S3 origin over a real server', async (t) => {
  const { s3, bucket, origin } = await originOverS3(t)
  return { origin, bucket: 'films', put: (key, bytes) => s3.put(bucket, key, bytes) }
})

test('any legal key is found under its own bytes', async (t) => {
  const { s3, bucket, origin } = await originOverS3(t)
  const keys = [
    '..',
    'f/..',
    'trail/',
    '\n',
    'a\u0001b',
    "!'()*",
    '~-_.',
    '"<>|\\^`{}',
    'k'.repeat(1024),
    'é'.repeat(512),
  ]
  for (const key of keys) {
    await s3.put(bucket, key, `bytes of ${key.length}`)
    assert.equal(await textOf((await askForObject(origin, {}, refTo(key))).body), `bytes of ${key.length}`)
  }
})

test('stored fields arrive as they were stored, UTF-8 metadata byte for byte', async (t) => {
  const { s3, bucket, origin } = await originOverS3(t)
  const Metadata = { title: 'café' }
  await s3.put(bucket, 'a', 'x', {
    CacheControl: 'max-age=60',
    ContentEncoding: 'gzip',
    ContentType: 'text/css',
    Metadata,
  })
  const { headers } = (await askForObject(origin)).head
  assert.deepEqual(valuesOf(headers, 'cache-control'), ['max-age=60'])
  assert.deepEqual(valuesOf(headers, 'content-encoding'), ['gzip'])
  assert.deepEqual(valuesOf(headers, 'content-type'), ['text/css'])
  assert.equal(Buffer.from(valuesOf(headers, 'x-amz-meta-title')[0] ?? '', 'latin1').toString(), 'café')
  for (const name of ['x-amz-request-id', 'server', 'content-length']) assert.deepEqual(valuesOf(headers, name), [])
})

test('a query is signed as it is sent', async (t) => {
  const { s3, bucket, origin } = await originOverS3(t)
  await s3.put(bucket, 'a', 'x')
  const query = 'response-content-disposition=attachment%3B%20filename%3D%22a+b~(1).txt%22&response-content-type=a%2Fb'
  const { headers } = (await askForObject(origin, {}, refTo('a', query))).head
  assert.deepEqual(valuesOf(headers, 'content-disposition'), ['attachment; filename="a+b~(1).txt"'])
  assert.deepEqual(valuesOf(headers, 'content-type'), ['a/b'])
})

test('forwarded fields, signed or not, leave the signature good', async (t) => {
  const { s3, bucket, origin } = await originOverS3(t)
  await s3.put(bucket, 'a', 'x')
  const headers = ['Content-Type', 'text/plain; charset=x', 'X-Twice', '1', 'X-Twice', '2', 'Accept-Language', 'de']
  assert.equal(await textOf((await askForObject(origin, { headers })).body), 'x')
})

test('wrong keys are OriginCredentials, another user’s object is AccessDenied, a missing bucket is missing', async (t) => {
  const { s3, bucket } = await originOverS3(t)
  await s3.put(bucket, 'a', 'x')
  const as = (accessKeyId: string, secretAccessKey: string, inBucket = bucket) =>
    originAt(t, s3.endpoint, { bucket: inBucket, credentials: { kind: 'static', accessKeyId, secretAccessKey } }).origin
  await assert.rejects(ask(as(s3.accessKeyId, 'wrong')), failsWith('OriginCredentials'))
  await assert.rejects(ask(as('AKIANOBODY0000000000', 'wrong')), failsWith('OriginCredentials'))
  await assert.rejects(ask(as(s3.altAccessKeyId, s3.altSecretAccessKey)), failsWith('AccessDenied'))
  const missing = await ask(as(s3.accessKeyId, s3.secretAccessKey, 'test-no-such-bucket'))
  assert.equal(missing.kind === 'missing' && missing.code, 'NoSuchBucket')
})

test('a clock an hour behind is OriginCredentials', async (t) => {
  const behind = { ...systemClock, now: () => (systemClock.now() - 3_600_000) as ReturnType<typeof systemClock.now> }
  const { origin } = await originOverS3(t, {}, { clock: behind })
  await assert.rejects(ask(origin), failsWith('OriginCredentials'))
})

async function makePublic(s3: S3Server, bucket: string): Promise<void> {
  const statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*` }
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
  await s3.client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }))
}

test('an anonymous origin reads what is public and nothing else', async (t) => {
  const { s3, bucket, origin } = await originOverS3(t, { credentials: { kind: 'anonymous' } })
  await s3.put(bucket, 'a', 'x')
  await assert.rejects(ask(origin), failsWith('AccessDenied'))
  await makePublic(s3, bucket)
  assert.equal(await textOf((await askForObject(origin)).body), 'x')
})

test('an anonymous response override, which the server answers with two status lines, is no object', async (t) => {
  const { s3, bucket, origin } = await originOverS3(t, { credentials: { kind: 'anonymous' } })
  await s3.put(bucket, 'a', 'x')
  await makePublic(s3, bucket)
  const refused = ask(origin, {}, refTo('a', 'response-content-type=text%2Fplain'))
  await assert.rejects(refused, { name: 'ProxyError', code: /^(OriginMalformed|OriginRejected)$/ })
})

test('virtual-host style is signed for its own host', async (t) => {
  const lookup: LookupFunction = (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }])
  const s3 = await startS3()
  const endpoint = `http://s3.localhost:${new URL(s3.endpoint).port}`
  const { bucket, origin } = await originOverS3(t, { endpoint, forcePathStyle: false }, { lookup })
  await s3.put(bucket, 'd/../e f', 'x')
  assert.equal(await textOf((await askForObject(origin, {}, refTo('d/../e f'))).body), 'x')
})

test('an object that is only tagged anew keeps its tag, and its parts still fit', async (t) => {
  const { s3, bucket, origin } = await originOverS3(t)
  const etag = await s3.put(bucket, 'a', 'hello')
  const Tagging = { TagSet: [{ Key: 'k', Value: 'v' }] }
  await s3.client.send(new PutObjectTaggingCommand({ Bucket: bucket, Key: 'a', Tagging }))
  assert.equal(await textOf((await askForObject(origin, { ifMatch: etag, range: { start: 1 } })).body), 'ello')
})

test('200 concurrent reads share a pool of four connections, each with its own bytes', async (t) => {
  const { s3, bucket, origin, events } = await originOverS3(t, { connections: 4 })
  const objects = Array.from({ length: 10 }, (_, index) => Buffer.alloc(50_000 + index, index))
  await Promise.all(objects.map((bytes, index) => s3.put(bucket, `o${index}`, bytes)))
  const reads = Array.from({ length: 200 }, async (_, index) => {
    const { body } = await askForObject(origin, {}, refTo(`o${index % 10}`))
    assert.ok((await bytesOf(body)).equals(objects[index % 10] ?? Buffer.alloc(0)))
  })
  await Promise.all(reads)
  assert.equal(events.answers.length, 200)
})
