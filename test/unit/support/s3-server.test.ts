import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { s3FromEnvironment, s3ToEnvironment } from '../../support/s3-address.ts'
import { startS3 } from '../../support/s3-server.ts'

test('the S3 server stores an object and refuses whoever does not sign', async () => {
  const s3 = await startS3()
  const bucket = await s3.bucket()
  const etag = await s3.put(bucket, 'a b/ü', 'three legs', { ContentType: 'text/plain' })

  const stored = await s3.client.send(new GetObjectCommand({ Bucket: bucket, Key: 'a b/ü' }))
  assert.equal(await stored.Body?.transformToString(), 'three legs')
  assert.equal(stored.ETag, etag)

  const unsigned = await fetch(`${s3.endpoint}/${bucket}/a%20b/%C3%BC`)
  assert.equal(unsigned.status, 403)
  await unsigned.body?.cancel()
})

test('every bucket is a new one', async () => {
  const s3 = await startS3()
  assert.notEqual(await s3.bucket(), await s3.bucket())
})

test('an address survives its way through the environment', () => {
  const address = { endpoint: 'http://127.0.0.1:1', region: 'eu-1', accessKeyId: 'A', secretAccessKey: 'B' }
  assert.deepEqual(s3FromEnvironment(s3ToEnvironment(address)), address)
  const withAlt = { ...address, altAccessKeyId: 'C', altSecretAccessKey: 'D' }
  assert.deepEqual(s3FromEnvironment(s3ToEnvironment(withAlt)), withAlt)
})

test('an endpoint without keys is an error, none at all is not', () => {
  assert.equal(s3FromEnvironment({}), undefined)
  assert.throws(() => s3FromEnvironment({ S3_TEST_ENDPOINT: 'http://127.0.0.1:1' }), /S3_TEST_ACCESS_KEY/)
})
