import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodePath, RouteTable } from '../../../src/routing/routes.ts'

const place = (name: string, pathPrefix: string, hosts: string[] = []) => ({ name, pathPrefix, hosts })

function matcher(...places: ReturnType<typeof place>[]) {
  const table = new RouteTable(places)
  return (path: string, host = 'any') => {
    const match = table.match(host, path)
    return match && [match.route.name, match.key]
  }
}

test('a prefix matches at a segment boundary only', () => {
  const match = matcher(place('api', '/api'))
  assert.deepEqual(match('/api/a'), ['api', 'a'])
  assert.equal(match('/apix/a'), undefined)
  assert.equal(match('/ap'), undefined)
  assert.equal(match('/x/api/a'), undefined)
})

test('the longest prefix wins, however the places are ordered', () => {
  const places = [place('deep', '/a/b/c'), place('mid', '/a/b'), place('short', '/a')]
  for (const match of [matcher(...places), matcher(...places.toReversed())]) {
    assert.deepEqual(match('/a/b/c/d'), ['deep', 'd'])
    assert.deepEqual(match('/a/b/x'), ['mid', 'x'])
    assert.deepEqual(match('/a/bc/d'), ['short', 'bc/d'])
  }
})

test('the key is the rest of the path, byte for byte', () => {
  const match = matcher(place('a', '/a'))
  assert.deepEqual(match('/a//b'), ['a', '/b'])
  assert.deepEqual(match('/a/b/'), ['a', 'b/'])
  assert.deepEqual(match('/a/b+c d?é'), ['a', 'b+c d?é'])
  assert.deepEqual(match('/a/'), ['a', ''])
  assert.deepEqual(match('/a'), ['a', ''])
})

test('the root prefix takes what no other takes', () => {
  const match = matcher(place('root', '/'), place('a', '/a'))
  assert.deepEqual(match('/'), ['root', ''])
  assert.deepEqual(match('//x'), ['root', '/x'])
  assert.deepEqual(match('/ab/c'), ['root', 'ab/c'])
  assert.deepEqual(match('/a/c'), ['a', 'c'])
})

test('buckets of the host are tried before those of any host', () => {
  const match = matcher(place('any', '/a'), place('mine', '/a', ['x.test', 'y.test']), place('deep', '/a/b'))
  assert.deepEqual(match('/a/c', 'x.test'), ['mine', 'c'])
  assert.deepEqual(match('/a/b/c', 'y.test'), ['mine', 'b/c'])
  assert.deepEqual(match('/a/c', 'z.test'), ['any', 'c'])
  assert.deepEqual(match('/a/b/c', ''), ['deep', 'c'])
  assert.equal(match('/c', 'x.test'), undefined)
})

test('a path is decoded once, percent-escapes and raw bytes alike', () => {
  assert.equal(decodePath('/a%2Fb/%C3%A9/%2525'), '/a/b/é/%25')
  assert.equal(decodePath('/\xc3\xa9'), '/é') // as the parser hands on the two bytes of é
  assert.equal(decodePath('/a+b%20c'), '/a+b c')
  assert.equal(decodePath('/\xc3%A9'), '/é')
})

const refused = {
  'a dot segment': ['/a/../b', '/a/..', '/./a', '/a/%2e%2E/b', '/a%2f..%2Fb', '/..%2fa', '/%2e'],
  NUL: ['/a%00', '/%00/b'],
  'a broken encoding': ['/%', '/%4', '/%zz', '/a%e'],
  'invalid UTF-8': ['/%ff', '/%c3', '/%c0%af', '/%ed%a0%80', '/\xff'],
}

for (const [what, paths] of Object.entries(refused)) {
  test(`a path with ${what} is refused`, () => {
    for (const path of paths) assert.throws(() => decodePath(path), { code: 'InvalidPath' }, path)
  })
}

test('dots that are no segment of their own are part of the key', () => {
  for (const path of ['/a..b', '/.hidden', '/...', '/a./b', '/..a']) assert.equal(decodePath(path), path)
})
