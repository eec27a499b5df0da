import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEntryFormat } from '../../../src/audit/audit-entry.ts'
import { createRedaction } from '../../../src/audit/redact.ts'
import type { Trace } from '../../../src/base/trace.ts'
import type { EpochMs } from '../../../src/base/types.ts'
import { answerOf, auditedRequest, type RequestFacts, sentWhole, traceOf } from '../../support/audited-requests.ts'
import { fc } from '../../support/fast-check.ts'

const format = createEntryFormat(createRedaction({ headers: [], parameters: ['ticket'], anonymizeIp: false }))

function entryOf(facts: RequestFacts, status: number, trace: Partial<Trace>) {
  return format(auditedRequest(facts), answerOf(status), traceOf(trace), sentWhole(1234), 1.23456)
}

test('an entry tells who asked for what, when, and what came of it, always in the same order', () => {
  const fields = { 'user-agent': 'curl/8', referer: 'https://site.example/' }
  const trace = { key: 'a b.png', subject: 'ann', cache: 'hit' } as const
  assert.equal(
    entryOf({ fields, query: 'w=1&ticket=abc' }, 200, trace),
    '{"timestamp":"2026-11-20T10:15:00.007Z","correlation_id":"id-1","trace_id":null,"client_ip":"192.0.2.7",' +
      '"user":"ann","bucket":"img","object_key":"a b.png","http_method":"GET",' +
      '"request_path":"/img/a%20b.png?w=1&ticket=[REDACTED]","response_status":200,"response_size_bytes":1234,' +
      '"duration_ms":1.235,"cache_status":"hit","user_agent":"curl/8","referer":"https://site.example/","error":null}',
  )
})

test('what is not known is null, and never missing', () => {
  const entry = JSON.parse(entryOf({}, 401, { error: 'TokenRequired' }))
  const { user, object_key, cache_status, user_agent, referer, error } = entry
  assert.equal(Object.keys(entry).length, 16)
  assert.deepEqual(
    [user, object_key, cache_status, user_agent, referer, error],
    [...Array(5).fill(null), 'TokenRequired'],
  )
})

test('what an administrator did has its parameters, without tokens in the URLs they quote', () => {
  const parameters = { url: '/img/a?ticket=abc', nested: ['https://ann:pw@h/'], dry_run: true }
  const entry = JSON.parse(
    entryOf({ method: 'POST' }, 200, { bucket: undefined, action: { name: 'explain', parameters } }),
  )
  assert.equal(entry.action, 'explain')
  assert.deepEqual(entry.parameters, { url: '/img/a?ticket=[REDACTED]', nested: ['https://h/'], dry_run: true })
  assert.deepEqual(Object.keys(entry).slice(-2), ['action', 'parameters'])
  assert.equal(entry.bucket, null)
})

const statuses = [200, 204, 206, 301, 304, 400, 401, 403, 404, 412, 416, 429, 499, 500, 502, 503, 504]
const cacheStatuses = ['hit', 'miss', 'stale', 'revalidated', 'bypass', undefined] as const
for (const cache of cacheStatuses) {
  test(`the cache status is told as it was: ${cache ?? 'not asked'}, with any response status`, () => {
    for (const status of statuses) {
      const { response_status, cache_status } = JSON.parse(entryOf({}, status, { cache }))
      assert.deepEqual([response_status, cache_status], [status, cache ?? null])
    }
  })
}

test('what would end a string or a line is escaped', () => {
  const key = 'a "b" \\ c\n{"error":null}'
  const entry = JSON.parse(entryOf({ path: '/img/"' }, 200, { key }))
  assert.deepEqual([entry.object_key, entry.request_path], [key, '/img/"'])
})

test('whatever a client sends, an entry is one line that can be read back', () => {
  const text = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(text, text, text, text, (path, key, subject, userAgent) => {
      const line = entryOf({ path, fields: { 'user-agent': userAgent } }, 200, { key, subject })
      const entry = JSON.parse(line)
      assert.doesNotMatch(line, /[\n\r]/)
      assert.equal(entry.request_path, path)
      assert.equal(entry.object_key, key)
      assert.equal(entry.user, subject)
    }),
  )
})

test('the time of an entry is right in every millisecond, also when requests end in another order', () => {
  const any = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) }).map((at) => at as EpochMs)
  const close = fc.integer({ min: 1_700_000_000_000, max: 1_700_000_003_000 }).map((at) => at as EpochMs)
  fc.assert(
    fc.property(fc.array(fc.oneof(any, close)), (times) => {
      for (const receivedAt of times) {
        const { timestamp } = JSON.parse(entryOf({ receivedAt }, 200, {}))
        assert.equal(timestamp, new Date(receivedAt).toISOString())
      }
    }),
  )
})
