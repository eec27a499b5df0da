import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startProxy } from '../../support/start-proxy.ts'

for (const [path, key] of [
  ['/b/a//b', 'a//b'],
  ['/b//lead', '/lead'],
  ['/b/trail/', 'trail/'],
  ['/b/a+b', 'a+b'],
  ['/b/a%20b', 'a b'],
  ['/b/a%2Bb', 'a+b'],
  ['/b/%E4%B8%89%e8%b6%b3', '三足'],
  ['/b/100%25', '100%'],
  ['/b/100%2525', '100%25'],
  ['/b/what%3F%23', 'what?#'],
  ["/b/it's(1)!*~", "it's(1)!*~"],
  ['/b/a&b=c;d,e@f:g$h', 'a&b=c;d,e@f:g$h'],
  ['/b/line%0Aend', 'line\nend'],
  ['/b/..a/.b', '..a/.b'],
] as const) {
  test(`${path} is the key ${JSON.stringify(key)}`, async (t) => {
    const { proxy, origin } = await startProxy(t)
    origin.serve(`/bucket/${key}`, 'crow')

    const answer = await proxy.get(path)

    assert.equal(answer.text, 'crow')
    assert.equal(origin.requests(`/bucket/${key}`).length, 1)
    assert.equal(origin.requests()[0]?.query, '')
  })
}

test('spellings of one key are one object in the cache, and other keys are others', async (t) => {
  const { proxy, origin } = await startProxy(t)
  for (const key of ['a/b', 'a//b', 'A/b']) origin.serve(key, key)

  for (const path of ['/b/a/b', '/b/a//b', '/b/A/b']) await proxy.get(path)
  const respelt = await proxy.get('/b/%61%2Fb')

  assert.equal(respelt.text, 'a/b')
  assert.equal(respelt.header('x-cache'), 'HIT')
  assert.equal(origin.requests().length, 3)
})
