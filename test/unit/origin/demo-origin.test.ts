import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { demoObjects } from '../../../src/origin/demo-objects.ts'
import { startDemoOrigin } from '../../../src/origin/demo-origin.ts'

const plain = (key: string, content: string) => ({ key, contentType: 'text/plain', bytes: Buffer.from(content) })

async function start(t: TestContext, objects = [plain('hello.txt', '0123456789'), plain('a b/ü.txt', 'deep')]) {
  const origin = await startDemoOrigin({ demo: objects })
  t.after(() => origin.close())
  const ask = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const response = await fetch(origin.endpoint + path, { method, headers: { authorization: 'any', ...headers } })
    return { status: response.status, headers: response.headers, body: await response.text() }
  }
  const client = new S3Client({
    endpoint: origin.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'demo', secretAccessKey: 'demo-secret' },
  })
  t.after(() => client.destroy())
  return { endpoint: origin.endpoint, ask, client }
}

test('the demo origin serves an object with what a cache needs to keep it', async (t) => {
  const { ask } = await start(t)
  const { status, headers, body } = await ask('/demo/hello.txt')
  assert.equal(status, 200)
  assert.equal(body, '0123456789')
  assert.equal(headers.get('etag'), '"781e5e245d69b566979b86e28d23f2c7"')
  assert.equal(headers.get('last-modified'), 'Thu, 01 Jan 2026 00:00:00 GMT')
  assert.equal(headers.get('content-type'), 'text/plain')
  assert.equal((await ask('/demo/a%20b/%C3%BC.txt')).body, 'deep')
})

test('HEAD has the same head and no body', async (t) => {
  const { ask } = await start(t)
  const { headers, body } = await ask('/demo/hello.txt', {}, 'HEAD')
  assert.equal(headers.get('content-length'), '10')
  assert.equal(body, '')
})

for (const [range, status, body, contentRange] of [
  ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
  ['bytes=7-', 206, '789', 'bytes 7-9/10'],
  ['bytes=-3', 206, '789', 'bytes 7-9/10'],
  ['bytes=-30', 206, '0123456789', 'bytes 0-9/10'],
  ['bytes=8-30', 206, '89', 'bytes 8-9/10'],
  ['bytes=5-2', 200, '0123456789', null],
  ['bytes=0-1,4-5', 200, '0123456789', null],
] as const) {
  test(`Range: ${range} is answered ${status}`, async (t) => {
    const { ask } = await start(t)
    const answer = await ask('/demo/hello.txt', { range })
    assert.deepEqual([answer.status, answer.body, answer.headers.get('content-range')], [status, body, contentRange])
  })
}

const etag = '"781e5e245d69b566979b86e28d23f2c7"'
const [then, earlier, later] = ['Thu, 01 Jan 2026', 'Wed, 31 Dec 2025', 'Fri, 02 Jan 2026'].map(
  (day) => `${day} 00:00:00 GMT`,
)
const conditions: readonly [Record<string, string | undefined>, number][] = [
  [{ 'if-match': etag }, 200],
  [{ 'if-match': '"other"' }, 412],
  [{ 'if-none-match': `"other", W/${etag}` }, 304],
  [{ 'if-none-match': '*' }, 304],
  [{ 'if-none-match': '"other"', 'if-modified-since': later }, 200],
  [{ 'if-modified-since': then }, 304],
  [{ 'if-modified-since': earlier }, 200],
  [{ 'if-modified-since': 'soon' }, 200],
  [{ 'if-unmodified-since': then }, 200],
  [{ 'if-unmodified-since': earlier }, 412],
  [{ 'if-match': etag, 'if-unmodified-since': earlier }, 200],
  [{ range: 'bytes=10-' }, 416],
]
for (const [headers, status] of conditions) {
  test(`${JSON.stringify(headers)} is answered ${status}`, async (t) => {
    const { ask } = await start(t)
    assert.equal((await ask('/demo/hello.txt', headers as Record<string, string>)).status, status)
  })
}

test('whoever does not sign, writes, or asks for what is not there gets an S3 error', async (t) => {
  const { endpoint, ask } = await start(t)
  const codeOf = ({ status, body }: { status: number; body: string }) =>
    `${status} ${/<Code>(.*)<\/Code>/.exec(body)?.[1]}`
  const unsigned = await fetch(`${endpoint}/demo/hello.txt`)
  assert.equal(codeOf({ status: unsigned.status, body: await unsigned.text() }), '403 AccessDenied')
  assert.equal(codeOf(await ask('/demo/nothing')), '404 NoSuchKey')
  assert.equal(codeOf(await ask('/other/hello.txt')), '404 NoSuchBucket')
  assert.equal(codeOf(await ask('/demo/%FF')), '400 InvalidURI')
  assert.equal(codeOf(await ask('/demo/hello.txt', {}, 'PUT')), '405 MethodNotAllowed')
})

test('the AWS SDK reads from it', async (t) => {
  const { client } = await start(t)
  const got = await client.send(new GetObjectCommand({ Bucket: 'demo', Key: 'a b/ü.txt', Range: 'bytes=1-2' }))
  assert.equal(await got.Body?.transformToString(), 'ee')
})

test('the AWS SDK lists it, page by page and by prefix, in byte order', async (t) => {
  const keys = ['b/2', 'b/1', 'a&<b>', 'c', 'b/é']
  const { client } = await start(
    t,
    keys.map((key) => plain(key, key)),
  )
  const listed: string[] = []
  let token: string | undefined
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket: 'demo', MaxKeys: 2, ContinuationToken: token }))
    assert.ok((page.Contents ?? []).length <= 2)
    listed.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''))
    token = page.NextContinuationToken
  } while (token !== undefined)
  assert.deepEqual(listed, ['a&<b>', 'b/1', 'b/2', 'b/é', 'c'])

  const page = await client.send(new ListObjectsV2Command({ Bucket: 'demo', Prefix: 'b/', StartAfter: 'b/1' }))
  assert.deepEqual(
    page.Contents?.map(({ Key, Size }) => [Key, Size]),
    [
      ['b/2', 3],
      ['b/é', 4],
    ],
  )
  assert.equal(page.IsTruncated, false)
})

test('the sample objects are the same every time, one of them large enough for ranges', () => {
  const [once, again] = [demoObjects(), demoObjects()]
  assert.deepEqual(once, again)
  assert.deepEqual(
    once.demo.map(({ key }) => key),
    ['hello.txt', 'index.html', 'crow.svg', 'video.bin'],
  )
  assert.equal(once.demo.find(({ key }) => key === 'video.bin')?.bytes.byteLength, 5 * 1024 * 1024)
})
