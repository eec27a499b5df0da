import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

for (const [s3Status, s3Code, status, code] of [
  [403, 'AccessDenied', 403, 'AccessDenied'],
  [403, 'InvalidObjectState', 403, 'InvalidObjectState'],
  [404, 'NoSuchKey', 404, 'NoSuchKey'],
  [404, 'NoSuchBucket', 404, 'NoSuchBucket'],
  [403, 'SignatureDoesNotMatch', 502, 'OriginCredentials'],
  [403, 'InvalidAccessKeyId', 502, 'OriginCredentials'],
  [400, 'ExpiredToken', 502, 'OriginCredentials'],
  [403, 'RequestTimeTooSkewed', 502, 'OriginCredentials'],
  [301, 'PermanentRedirect', 502, 'OriginRedirect'],
  [307, 'TemporaryRedirect', 502, 'OriginRedirect'],
  [400, 'AuthorizationHeaderMalformed', 502, 'OriginRedirect'],
  [400, 'InvalidArgument', 502, 'OriginRejected'],
  [500, 'InternalError', 502, 'OriginError'],
  [501, 'NotImplemented', 502, 'OriginError'],
  [503, 'SlowDown', 503, 'SlowDown'],
  [503, 'ServiceUnavailable', 503, 'SlowDown'],
] as const) {
  test(`${s3Status} ${s3Code} of S3 is a ${status} ${code}`, async (t) => {
    const { proxy, origin } = await startProxy(t, { s3: { retry: { max_attempts: 1 } } })
    origin.serve('a.txt', 'crow').failWith(s3Status, s3Code)

    const answer = await proxy.get('/b/a.txt')

    assert.equal(answer.status, status)
    assert.equal(JSON.parse(answer.text).error.code, code)
    assert.equal(answer.header('retry-after'), status === 503 ? '1' : undefined)
    assert.equal(origin.requests('a.txt').length, 1)
    assert.equal(await proxy.metric('yatagarasu_origin_requests_total', { status: String(s3Status) }), 1)
  })
}

for (const [s3Status, status] of [
  [403, 403],
  [404, 404],
  [500, 502],
  [503, 503],
] as const) {
  test(`a HEAD that S3 answers with ${s3Status}, and so without a code, is a ${status}`, async (t) => {
    const { proxy, origin } = await startProxy(t, { s3: { retry: { max_attempts: 1 } } })
    origin.serve('a.txt', 'crow').failWith(s3Status, 'SomeCode')

    const answer = await proxy.get('/b/a.txt', { method: 'HEAD' })

    assert.equal(answer.status, status)
    assert.equal(answer.body.length, 0)
    assert.deepEqual(
      origin.requests('a.txt').map(({ method }) => method),
      ['HEAD'],
    )
  })
}
