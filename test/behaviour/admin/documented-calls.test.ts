import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { administered, adminOf } from '../../support/administration.ts'
import { startProxy } from '../../support/start-proxy.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/admin.md'), 'utf8')
const calls = [...page.matchAll(/^```http\n(\w+) \/admin(\S+)\n(?:\n([^`]+))?```\n\n```json\n([^`]+)```$/gm)]

const cached = {
  'cats/1.jpg': {},
  'cats/2.jpg': {},
  'home/poster.jpg': { 'cache-tag': 'cats, posters' },
  'dogs/1.jpg': {},
  'birds/crow.txt': { 'content-type': 'text/plain' },
  'birds/raven.txt': {},
}

test('the calls in docs/admin.md are answered as it says', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, {
    bucket: { name: 'img', path_prefix: '/img' },
    top: administered,
  })
  const admin = await adminOf(proxy)
  for (const [key, headers] of Object.entries(cached)) {
    origin.serve(key, 'crow', { headers, etag: '"1"' })
    await proxy.get(`/img/${key}`)
  }
  await clock.advance(1)
  assert.ok(calls.length >= 7, 'the page has calls')

  for (const [, method, path, body, expected] of calls) {
    const answer = await admin(method as 'GET' | 'POST', path ?? '', body)

    assert.ok(answer.status === 200 || answer.status === 202, `${method} ${path}: ${answer.text}`)
    assert.deepEqual(comparable(answer.json), comparable(JSON.parse(expected ?? '')), `${method} ${path}`)
  }
})

/** Times, sizes and ids are whatever they are. */
function comparable(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => comparable(item))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, comparable(inner, key)]))
  }
  if (typeof value === 'number') return name === 'entries' || name === 'hits' ? value : 'a number'
  const isVolatile = ['stored', 'expires', 'started'].includes(name) || (name === 'id' && !String(value).includes(':'))
  return isVolatile ? typeof value : value
}
