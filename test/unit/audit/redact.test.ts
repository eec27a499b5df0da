import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRedaction, type RedactionOptions } from '../../../src/audit/redact.ts'
import { fc } from '../../support/fast-check.ts'

const redactionOf = (options: Partial<RedactionOptions> = {}) =>
  createRedaction({ headers: [], parameters: ['Ticket', 'my pass'], anonymizeIp: false, ...options })

const token = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl'
const gone = '[REDACTED]'

for (const [query, told] of [
  ['', ''],
  ['w=100&h=50', 'w=100&h=50'],
  ['ticket=abc&w=1', `ticket=${gone}&w=1`],
  ['w=1&TICKET=a;b=c', `w=1&TICKET=${gone}`],
  ['ticket=', `ticket=${gone}`],
  ['ticket', 'ticket'],
  ['tickets=2', 'tickets=2'],
  ['ticket=one&ticket=two', `ticket=${gone}&ticket=${gone}`],
  ['%74icket=abc', `%74icket=${gone}`],
  ['%74%49cke%74=a%26b', `%74%49cke%74=${gone}`],
  ['my+pass=abc&my%20pass=abc', `my+pass=${gone}&my%20pass=${gone}`],
  ['a=1;ticket=abc', `a=1;ticket=${gone}`],
  ['?ticket=abc', `?ticket=${gone}`],
  ['%zz=1&%ff%74=2', '%zz=1&%ff%74=2'],
  [
    'X-Amz-Algorithm=A&X-Amz-Credential=K%2F2026&X-Amz-Signature=0a&x-amz-security-token=s&X-Amz-Expires=60',
    `X-Amz-Algorithm=A&X-Amz-Credential=${gone}&X-Amz-Signature=${gone}&x-amz-security-token=${gone}&X-Amz-Expires=60`,
  ],
  ['AWSAccessKeyId=K&Expires=9&Signature=s', `AWSAccessKeyId=${gone}&Expires=9&Signature=${gone}`],
  ['access_token=a&sig=b&api_key=c&password=d', `access_token=${gone}&sig=${gone}&api_key=${gone}&password=${gone}`],
  [`other=${token}`, `other=${gone}`],
  [token, gone],
  ['url=%2Fimg%2Fa.png%3Fticket%3Dabc%26w%3D1', `url=${gone}`],
  ['url=%2Fimg%3Fx%3D%252Fb%253Fticket%253Dabc', `url=${gone}`],
  ['url=/img?ticket=abc', `url=/img?ticket=${gone}`],
  ['url=%2Fimg%2Fa.png%3Fw%3D1', 'url=%2Fimg%2Fa.png%3Fw%3D1'],
] as const) {
  test(`the query '${query}' is told as '${told}'`, () => {
    assert.equal(redactionOf().target('/img/a', query), told === '' ? '/img/a' : `/img/a?${told}`)
  })
}

for (const [name, value, told] of [
  ['authorization', 'Basic YTpi', gone],
  ['proxy-authorization', 'x', gone],
  ['cookie', 'a=b', gone],
  ['set-cookie', 'a=b', gone],
  ['x-amz-security-token', 'x', gone],
  ['x-amz-server-side-encryption-customer-key', 'x', gone],
  ['x-csrf-token', 'x', gone],
  ['x-api-key', 'x', gone],
  ['apikey', 'x', gone],
  ['x-goog-iap-jwt-assertion', 'x', gone],
  ['x-pass', 'x', gone],
  ['x-auth', 'x', gone],
  ['x-auth-key', 'x', gone],
  ['x-access-key', 'x', gone],
  ['x-session-id', 'x', gone],
  ['x-authored-by', 'poe', 'poe'],
  ['accept', 'text/html;q=0.9, */*', 'text/html;q=0.9, */*'],
  ['etag', '"0a-1"', '"0a-1"'],
  ['x-amz-meta-author', 'poe', 'poe'],
  ['x-other', `Bearer ${token}`, `Bearer ${gone}`],
  ['location', 'https://u:p@h/a?X-Amz-Signature=0a&b=c', `https://h/a?X-Amz-Signature=${gone}&b=c`],
] as const) {
  test(`the field ${name}: ${value} is told as ${told}`, () => {
    assert.equal(redactionOf({ headers: ['x-pass'] }).field(name, value), told)
  })
}

test('no value of a secret parameter is told, wherever it stands and however it is written', () => {
  const secret = 'QxZs3cretQx'
  const name = fc.constantFrom('ticket', 'Ticket', '%54icket', 'tick%65t', 'X-Amz-Signature', 'x%2Damz-signature')
  const other = fc.stringMatching(/^[\w.~%+=;?#/-]{0,12}$/).filter((text) => !/ticket/i.test(text))
  fc.assert(
    fc.property(fc.array(other), name, other, fc.array(other), (before, secretName, around, after) => {
      const value = encodeURIComponent(around) + secret
      const told = redactionOf().target('/a', [...before, `${secretName}=${value}`, ...after].join('&'))
      assert.ok(!told.includes(secret), told)
    }),
  )
})

for (const [referer, told] of [
  ['https://site.example/page?id=1#top', 'https://site.example/page?id=1#top'],
  ['https://ann:pass@site.example/page', 'https://site.example/page'],
  ['//ann@site.example/page', '//site.example/page'],
  ['https://a:b@c@site.example/', 'https://site.example/'],
  ['https://site.example/~ann@home', 'https://site.example/~ann@home'],
  ['https://site.example/p?ticket=abc&w=1', `https://site.example/p?ticket=${gone}&w=1`],
  ['https://site.example/#access_token=abc&state=1', `https://site.example/#access_token=${gone}&state=1`],
  ['https://site.example/p;token=abc', `https://site.example/p;token=${gone}`],
  [`https://site.example/${token}/x`, `https://site.example/${gone}/x`],
  ['not a url, Bearer abc.def', `not a url, Bearer ${gone}`],
  ['Bearer%20abc.def', `Bearer ${gone}`],
] as const) {
  test(`the referer '${referer}' is told as '${told}'`, () => assert.equal(redactionOf().referer(referer), told))
}

for (const [userAgent, told] of [
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36'],
  ['curl/8 bearer s3cret', `curl/8 bearer ${gone}`],
  [`job (${token})`, `job (${gone})`],
  ['eyeglasses.example.com and ewoks-of-the-forest-moon.example.com', undefined],
] as const) {
  test(`the user agent '${userAgent}' is told as '${told ?? userAgent}'`, () => {
    assert.equal(redactionOf().userAgent(userAgent), told ?? userAgent)
  })
}

test('fields that the config names are not told at all', () => {
  const redaction = redactionOf({ headers: ['user-agent', 'referer'] })
  assert.deepEqual([redaction.userAgent('curl/8'), redaction.referer('https://site.example/')], [gone, gone])
})

for (const [address, told] of [
  ['192.0.2.7', '192.0.2.0'],
  ['::ffff:192.0.2.7', '::ffff:192.0.2.0'],
  ['2001:db8:aa:bb::1', '2001:db8:aa::'],
  ['2001:DB8:0:1:2:3:4:5', '2001:db8::'],
  ['2001::5', '2001::'],
  ['1::2:3:4:5:6:7', '1:0:2::'],
  ['::1', '::'],
  ['fe80::1%eth0', 'fe80::'],
  ['unknown', gone],
] as const) {
  test(`of the address ${address}, ${told} is told when addresses are not wanted`, () => {
    assert.equal(redactionOf({ anonymizeIp: true }).address(address), told)
    assert.equal(redactionOf().address(address), address)
  })
}

test('the longest and most hostile values take no time worth mentioning', () => {
  const hostile = ['eyJ', 'eyJhbGciOiJIUzI1NiIs.', 'bearer+', '%25', 'ticket;', '?=', '&', '+']
  const redaction = redactionOf()
  for (const piece of hostile) {
    const text = piece.repeat(16_384 / piece.length)
    const before = process.threadCpuUsage()
    redaction.target('/a', text)
    redaction.referer(text)
    redaction.userAgent(text)
    const { user } = process.threadCpuUsage(before)
    assert.ok(user < 250_000, `${piece}: ${user} µs`)
  }
})
