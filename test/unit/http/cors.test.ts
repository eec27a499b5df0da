import assert from 'node:assert/strict'
import test from 'node:test'
import { fieldValue } from '../../../src/base/header-list.ts'
import { type CorsRule, corsHeaders, isCorsField, preflightResponse } from '../../../src/http/cors.ts'
import type { ProxyRequest } from '../../../src/http/messages.ts'

const rule: CorsRule = {
  allowedOrigins: ['https://app.example.com', 'https://*.Example.org', 'http://localhost:*'],
  allowedMethods: ['GET', 'HEAD'],
  allowedHeaders: ['Range', 'Authorization'],
  exposedHeaders: ['ETag', 'X-Cache'],
  maxAgeSeconds: 600,
  allowCredentials: true,
}
const open: CorsRule = { ...rule, allowedOrigins: ['*'], allowCredentials: false, allowedHeaders: ['*'] }

function ask(fields: Readonly<Record<string, string>>, method = 'OPTIONS'): ProxyRequest {
  return { method, header: (name: string) => fields[name] } as unknown as ProxyRequest
}

for (const origin of ['https://app.example.com', 'https://a.example.org', 'http://localhost:5173']) {
  test(`${origin} is let in`, () => {
    assert.deepEqual(corsHeaders(rule, origin), [
      ...['Vary', 'Origin', 'Access-Control-Allow-Origin', origin, 'Access-Control-Allow-Credentials', 'true'],
      ...['Access-Control-Expose-Headers', 'ETag, X-Cache'],
    ])
  })
}

for (const origin of [
  undefined,
  '',
  'null',
  'https://example.com',
  'http://app.example.com',
  'https://app.example.com:8443',
  'https://app.example.com.evil.test',
  'HTTPS://APP.EXAMPLE.COM',
  'https://example.org',
  'https://.example.org',
  'https://a.b.example.org',
  'https://evil.test/.example.org',
  'https://evil.test?.example.org',
  'https://a.example.org.evil.test',
]) {
  test(`${origin} is not let in, and told apart all the same`, () => {
    assert.deepEqual(corsHeaders(rule, origin), ['Vary', 'Origin'])
  })
}

test('a rule for everybody answers everybody alike', () => {
  const everybody = ['Access-Control-Allow-Origin', '*', 'Access-Control-Expose-Headers', 'ETag, X-Cache']
  assert.deepEqual(corsHeaders(open, undefined), everybody)
  assert.deepEqual(corsHeaders(open, 'https://any.test'), everybody)
})

test('null is an origin like another', () => {
  assert.equal(
    fieldValue(corsHeaders({ ...rule, allowedOrigins: ['null'] }, 'null'), 'access-control-allow-origin'),
    'null',
  )
})

test('a preflight is answered with what is allowed', () => {
  const request = ask({ origin: 'https://app.example.com', 'access-control-request-method': 'GET' })
  assert.deepEqual(preflightResponse(rule, request), {
    status: 204,
    headers: [
      ...['Vary', 'Origin', 'Access-Control-Allow-Origin', 'https://app.example.com'],
      ...['Access-Control-Allow-Credentials', 'true', 'Allow', 'GET, HEAD, OPTIONS'],
      ...['Access-Control-Allow-Methods', 'GET, HEAD', 'Access-Control-Allow-Headers', 'Range, Authorization'],
      ...['Access-Control-Max-Age', '600'],
    ],
    body: { kind: 'empty' },
  })
})

test('a refused preflight allows nothing', () => {
  for (const [origin, method] of [
    ['https://evil.test', 'GET'],
    ['https://app.example.com', 'PUT'],
    ['https://app.example.com', 'get'],
  ] as const) {
    const answer = preflightResponse(rule, ask({ origin, 'access-control-request-method': method }))
    assert.equal(answer?.status, 204)
    assert.equal(fieldValue(answer?.headers ?? [], 'access-control-allow-methods'), undefined)
    assert.equal(fieldValue(answer?.headers ?? [], 'vary'), 'Origin')
  }
})

test('where every header is allowed, those asked for are named, if they are names', () => {
  const answer = preflightResponse(
    { ...open, maxAgeSeconds: undefined },
    ask({
      origin: 'https://any.test',
      'access-control-request-method': 'HEAD',
      'access-control-request-headers': 'authorization,x-a , bad name,,x(b)',
    }),
  )
  assert.equal(fieldValue(answer?.headers ?? [], 'access-control-allow-headers'), 'authorization, x-a')
  assert.equal(fieldValue(answer?.headers ?? [], 'access-control-max-age'), undefined)
  assert.equal(fieldValue(answer?.headers ?? [], 'access-control-allow-origin'), '*')
})

test('what is no preflight is left to others', () => {
  const preflight = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' }
  assert.equal(preflightResponse(rule, ask(preflight, 'GET')), undefined)
  assert.equal(preflightResponse(rule, ask({ origin: 'https://app.example.com' })), undefined)
  assert.equal(preflightResponse(rule, ask({ 'access-control-request-method': 'GET' })), undefined)
})

test('what speaks of sharing is known by its name', () => {
  assert.ok(isCorsField('access-control-allow-origin'))
  assert.ok(!isCorsField('vary'))
})
