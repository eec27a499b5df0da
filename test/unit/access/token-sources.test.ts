import assert from 'node:assert/strict'
import test from 'node:test'
import { createTokenReader, secretNames, type TokenSource } from '../../../src/access/token-sources.ts'
import { accessRequest } from '../../support/access-request.ts'

const bearer: TokenSource = { kind: 'bearer' }
const query: TokenSource = { kind: 'query', name: 'token' }
const cookie: TokenSource = { kind: 'cookie', name: 'session' }
const header = (name: string, prefix = ''): TokenSource => ({ kind: 'header', name, prefix })

function read(source: TokenSource, headers: Readonly<Record<string, string>>, text = '') {
  return createTokenReader([source])(accessRequest(headers, text))
}

for (const [title, field, expected] of [
  ['a token behind its scheme', 'Bearer a.b.c', 'a.b.c'],
  ['the scheme in lower case', 'bearer a.b.c', 'a.b.c'],
  ['the scheme in any case', 'bEARER a.b.c', 'a.b.c'],
  ['several spaces', 'Bearer    a.b.c', 'a.b.c'],
  ['what follows a space belongs to it', 'Bearer a.b.c d', 'a.b.c d'],
  ['the scheme twice', 'Bearer Bearer a.b.c', 'Bearer a.b.c'],
  ['two lines', 'Bearer a.b.c, Bearer d.e.f', 'a.b.c, Bearer d.e.f'],
  ['a tab is no space', 'Bearer\ta.b.c', undefined],
  ['no space', 'Bearera.b.c', undefined],
  ['no scheme', 'a.b.c', undefined],
  ['no token', 'Bearer', undefined],
  ['nothing but spaces', 'Bearer   ', undefined],
  ['another scheme', 'Basic YTpi', undefined],
  ['another scheme that begins like it', 'Bearers a.b.c', undefined],
  ['nothing', '', undefined],
] as const) {
  test(`bearer: ${title}`, () => {
    assert.equal(read(bearer, { Authorization: field }), expected)
    assert.equal(read(header('authorization', 'Bearer '), { Authorization: field }), expected)
  })
}

for (const [title, prefix, field, expected] of [
  ['the whole value without a prefix', '', 'a.b.c', 'a.b.c'],
  ['what is behind its prefix', 'Token ', 'Token a.b.c', 'a.b.c'],
  ['a prefix without a space', 'Bearer', 'Bearer a.b.c', 'a.b.c'],
  ['a prefix that is glued to it', 'v1:', 'v1:a.b.c', 'a.b.c'],
  ['a prefix is compared exactly', 'Token ', 'token a.b.c', undefined],
  ['and so is Bearer, outside Authorization', 'Bearer ', 'bearer a.b.c', undefined],
  ['without its prefix it is none', 'Token ', 'a.b.c', undefined],
  ['the prefix alone', 'Token ', 'Token ', undefined],
  ['an empty value', '', '', undefined],
  ['two lines', '', 'a.b.c, d.e.f', 'a.b.c, d.e.f'],
] as const) {
  test(`header: ${title}`, () => assert.equal(read(header('x-auth', prefix), { 'X-Auth': field }), expected))
}

test('header: no field of the name', () => {
  assert.equal(read(header('x-auth'), { 'X-Auth-2': 'a.b.c' }), undefined)
})

for (const [title, text, expected] of [
  ['a parameter', 'token=a.b.c', 'a.b.c'],
  ['among others', 'a=1&token=a.b.c&b', 'a.b.c'],
  ['decoded once', 'token=a%2Eb%252Ec', 'a.b%2Ec'],
  ['its name may be encoded', '%74oken=a.b.c', 'a.b.c'],
  ['as a form has it', 'token=a+b', 'a b'],
  ['an equals sign in it', 'token=a=b', 'a=b'],
  ['broken encodings stay', 'token=%zz', '%zz'],
  ['twice is too often', 'token=a.b.c&token=d.e.f', ''],
  ['twice the same too', 'token=a.b.c&token=a.b.c', ''],
  ['once empty, once not', 'token=&token=a.b.c', ''],
  ['twice, once encoded', 'token=a.b.c&t%6fken=d.e.f', ''],
  ['empty', 'token=', undefined],
  ['without a value', 'token', undefined],
  ['names are compared exactly', 'Token=a.b.c&token2=a&xtoken=b', undefined],
  ['a second question mark belongs to the name', '?token=a.b.c', undefined],
  ['a semicolon separates nothing', 'a=1;token=a.b.c', undefined],
  ['no query', '', undefined],
] as const) {
  test(`query: ${title}`, () => assert.equal(read(query, {}, text), expected))
}

for (const [title, field, expected] of [
  ['a cookie', 'session=a.b.c', 'a.b.c'],
  ['among others', 'a=1; session=a.b.c; b=2', 'a.b.c'],
  ['without spaces', 'a=1;session=a.b.c;b=2', 'a.b.c'],
  ['with many', '  a=1 ;\tsession = a.b.c ', 'a.b.c'],
  ['in quotes', 'session="a.b.c"', 'a.b.c'],
  ['half a quote stays', 'session="a.b.c', '"a.b.c'],
  ['an equals sign in it', 'session=a=b', 'a=b'],
  ['it is not decoded', 'session=a%2Eb', 'a%2Eb'],
  ['twice the same', 'session=a.b.c; session=a.b.c', 'a.b.c'],
  ['the same in quotes', 'session=a.b.c; session="a.b.c"', 'a.b.c'],
  ['twice and different', 'session=a.b.c; session=d.e.f', ''],
  ['twice, and once empty', 'session=; session=a.b.c', ''],
  ['twice, and once empty behind', 'session=a.b.c; session=', ''],
  ['three times', 'session=a; session=b; session=a', ''],
  ['empty', 'session=', undefined],
  ['empty in quotes', 'session=""', undefined],
  ['without a value', 'session', undefined],
  ['names are compared exactly', 'Session=a; xsession=b; session2=c', undefined],
  ['in the value of another', 'a=session=a.b.c', undefined],
] as const) {
  test(`cookie: ${title}`, () => assert.equal(read(cookie, { Cookie: field }), expected))
}

test('the first source that yields a token decides', () => {
  const reader = createTokenReader([bearer, header('x-auth'), query, cookie])
  const all = { Authorization: 'Bearer one', 'X-Auth': 'two', Cookie: 'session=four' }
  assert.equal(reader(accessRequest(all, 'token=three')), 'one')
  assert.equal(reader(accessRequest({ ...all, Authorization: 'Basic YTpi' }, 'token=three')), 'two')
  assert.equal(reader(accessRequest({ ...all, Authorization: 'Bearer ', 'X-Auth': '' }, 'token=three')), 'three')
  assert.equal(reader(accessRequest({ Cookie: 'session=four' }, 'token=')), 'four')
  assert.equal(reader(accessRequest()), undefined)
})

test('a source that brings several tokens decides too, and there is no fall-through', () => {
  const reader = createTokenReader([query, bearer])
  assert.equal(reader(accessRequest({ Authorization: 'Bearer one' }, 'token=a&token=b')), '')
})

test('without sources there is no token', () => {
  assert.equal(createTokenReader([])(accessRequest({ Authorization: 'Bearer one' })), undefined)
})

test('what carries tokens is named once, by kind', () => {
  const sources = [bearer, header('x-auth'), query, cookie, header('authorization', 'Token '), query]
  assert.deepEqual(secretNames(sources), { headers: ['authorization', 'x-auth', 'cookie'], query: ['token'] })
  assert.deepEqual(secretNames([]), { headers: [], query: [] })
})
