/** Listings of a real S3 server. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { createS3Listing, type ListedObject, type S3ListingOptions } from '../../src/origin/s3-listing.ts'
import { type S3Server, startS3 } from '../support/s3-server.ts'
import { failsWith } from '../unit/origin/rig.ts'

const never = new AbortController().signal

function listingOf(t: TestContext, s3: S3Server, bucket: string, options: Partial<S3ListingOptions> = {}) {
  const { endpoint, region, accessKeyId, secretAccessKey } = s3
  const credentials = { kind: 'static', accessKeyId, secretAccessKey } as const
  const plain = { bucket, region, endpoint, credentials, forcePathStyle: true, timeoutMs: 10_000 }
  const listing = createS3Listing({ ...plain, ...options }, { clock: systemClock })
  t.after(() => listing.close())
  return listing
}

async function all(objects: AsyncIterable<ListedObject>): Promise<ListedObject[]> {
  const list: ListedObject[] = []
  for await (const object of objects) list.push(object)
  return list
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

const sizeOf = (key: string) => 1 + (Number(key.slice(2)) % 7)

test('a listing of 2,500 objects comes whole, in order, with sizes', { timeout: 120_000 }, async (t) => {
  const s3 = await startS3()
  const bucket = await s3.bucket()
  const keys = Array.from({ length: 2500 }, (_, index) => `f/${String(index).padStart(4, '0')}`)
  for (let at = 0; at < keys.length; at += 50) {
    await Promise.all(keys.slice(at, at + 50).map((key) => s3.put(bucket, key, 'x'.repeat(sizeOf(key)))))
  }
  await s3.put(bucket, 'g/outside', 'x')

  const listed = await all(listingOf(t, s3, bucket).list('f/', never))
  assert.deepEqual(
    listed,
    keys.map((key) => ({ key, size: sizeOf(key) })),
  )
})

test('any key is listed as it is, and is a prefix as it is', async (t) => {
  const s3 = await startS3()
  const bucket = await s3.bucket()
  const keys = [
    ...['a b', 'a+b', 'a%20b', 'a%2Bb', '100%', 'a//b', '/a', 'a/', '../a', '日本/é.txt', '😀', 'a\u0001b', '\n'],
    ...['<Key>&amp;</Key>', '"\'', "!'()*", '~-_.', 'a?b#c', 'k'.repeat(1024)],
  ]
  for (const key of keys) await s3.put(bucket, key, 'x')
  const listing = listingOf(t, s3, bucket)
  const listed = (await all(listing.list('', never))).map(({ key }) => key)
  assert.deepEqual(listed.toSorted(byBytes), keys.toSorted(byBytes))
  for (const key of keys) {
    assert.ok(
      (await all(listing.list(key, never))).some((object) => object.key === key),
      JSON.stringify(key),
    )
  }
})

test('nothing under a prefix is an empty listing', async (t) => {
  const s3 = await startS3()
  assert.deepEqual(await all(listingOf(t, s3, await s3.bucket()).list('none/', never)), [])
})

test('what S3 refuses has its place in the error table', async (t) => {
  const s3 = await startS3()
  const bucket = await s3.bucket()
  const foreign = { kind: 'static', accessKeyId: s3.altAccessKeyId, secretAccessKey: s3.altSecretAccessKey } as const
  const wrong = { kind: 'static', accessKeyId: s3.accessKeyId, secretAccessKey: 'wrong' } as const
  const unknown = { kind: 'static', accessKeyId: 'AKIANOBODY', secretAccessKey: 'wrong' } as const
  const refused = [
    ['NoSuchBucket', { bucket: 'no-such-bucket' }],
    ['AccessDenied', { credentials: foreign }],
    ['AccessDenied', { credentials: { kind: 'anonymous' } }],
    ['OriginCredentials', { credentials: wrong }],
    ['OriginCredentials', { credentials: unknown }],
  ] as const
  for (const [code, options] of refused) {
    await assert.rejects(all(listingOf(t, s3, bucket, options).list('', never)), failsWith(code))
  }
})
