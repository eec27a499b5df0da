import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

const told = {
  'accept-language': 'de',
  'x-tenant': 'blue',
  'user-agent': 'curl/8',
  accept: 'image/*',
  referer: 'https://example.com/',
}
const never = {
  authorization: 'Bearer token-of-the-client',
  'proxy-authorization': 'Basic token-of-the-client',
  cookie: 'session=token-of-the-client',
  range: 'bytes=0-1',
  'if-match': '*',
  'if-modified-since': 'Thu, 01 Jan 1998 00:00:00 GMT',
  te: 'trailers',
  forwarded: 'for=1.2.3.4',
  'x-forwarded-for': '1.2.3.4',
  'x-forwarded-host': 'evil.example.com',
  'x-amz-security-token': 'token-of-the-client',
  'x-amz-request-payer': 'requester',
  'x-correlation-id': 'my-id',
}

test('the origin sees the fields in headers.forward and nothing else of the client', async (t) => {
  const { proxy, origin } = await startProxy(t, { bucket: { headers: { forward: ['Accept-Language', 'X-Tenant'] } } })
  origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt?token=secret', { headers: { ...told, ...never, host: 'public.example.com' } })

  const [request] = origin.requests('a.txt')
  const { authorization, host, ...rest } = request?.headers ?? {}
  assert.equal(rest['accept-language'], 'de')
  assert.equal(rest['x-tenant'], 'blue')
  const own = ['connection', 'range', 'x-amz-content-sha256', 'x-amz-date']
  assert.deepEqual(
    Object.keys(rest)
      .filter((name) => !own.includes(name))
      .sort(),
    ['accept-language', 'x-tenant'],
  )
  assert.equal(host, new URL(origin.endpoint).host)
  assert.match(authorization ?? '', /^AWS4-HMAC-SHA256 Credential=test\//)
  assert.doesNotMatch(request?.rawHeaders.join('\n') ?? '', /token-of-the-client|evil|1\.2\.3\.4|1998/)
  assert.equal(request?.query, '')
})

test('an anonymous bucket sends no credentials at all', async (t) => {
  const s3 = { anonymous: true, access_key: undefined, secret_key: undefined }
  const { proxy, origin } = await startProxy(t, { s3 })
  origin.serve('a.txt', 'crow')

  await proxy.get('/b/a.txt', { headers: never })

  const headers = origin.requests('a.txt')[0]?.headers ?? {}
  assert.equal(headers.authorization, undefined)
  assert.equal(headers['x-amz-security-token'], undefined)
})
