import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { administered, adminOf } from '../../support/administration.ts'
import { startProxy } from '../../support/start-proxy.ts'

type Entry = Readonly<Record<string, unknown>>

async function auditedProxy(t: TestContext, settings: Readonly<Record<string, unknown>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-audit-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'deep', 'audit.log')
  const audit_log = { enabled: true, outputs: ['file'], file: { path }, ...settings }
  const stage = await startProxy(t, {
    s3: { retry: { max_attempts: 1 } },
    cache: { stale_while_revalidate_seconds: 10 },
    top: { ...administered, audit_log },
  })
  return { ...stage, path }
}

async function entriesIn(path: string): Promise<readonly Entry[]> {
  return (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

test('each request has one entry, with what came of it', async (t) => {
  const { proxy, origin, clock, path } = await auditedProxy(t)
  const object = origin.serve('a', 'crow', { headers: { 'cache-control': 'max-age=60' } })
  origin.serve('denied', 'x').failWith(403, 'AccessDenied')
  origin.serve('broken', 'x').failWith(500, 'InternalError')
  const headers = { 'user-agent': 'tests', referer: 'https://example.com/?token=abc' }

  await proxy.get('/b/a?token=abc&x=1', { headers })
  await proxy.get('/b/a')
  await clock.advance(65_000)
  await proxy.get('/b/a')
  await proxy.untilMetric('yatagarasu_origin_requests_total', {}, 2)
  await clock.advance(65_000)
  await proxy.get('/b/a', { headers: { 'cache-control': 'no-cache' } })
  await proxy.get('/b/a', { headers: { 'cache-control': 'no-store' } })
  for (const key of ['none', 'denied', 'broken']) await proxy.get(`/b/${key}`)
  await proxy.get('/b/a', { method: 'POST' })
  await proxy.get('/nowhere')
  await proxy.get('/health')
  object.recover()
  await proxy.stop()

  const entries = await entriesIn(path)
  assert.deepEqual(
    entries.map((entry) => [entry['response_status'], entry['cache_status'], entry['error']]),
    [
      [200, 'miss', null],
      [200, 'hit', null],
      [200, 'stale', null],
      [200, 'revalidated', null],
      [200, 'bypass', null],
      [404, 'miss', 'NoSuchKey'],
      [403, 'miss', 'AccessDenied'],
      [502, 'miss', 'OriginError'],
      [405, null, 'MethodNotAllowed'],
    ],
  )
  const { correlation_id, duration_ms, ...first } = entries[0] ?? {}
  assert.equal(typeof correlation_id, 'string')
  assert.equal(typeof duration_ms, 'number')
  assert.deepEqual(first, {
    timestamp: '2026-01-01T00:00:00.000Z',
    trace_id: null,
    client_ip: '127.0.0.1',
    user: null,
    bucket: 'b',
    object_key: 'a',
    http_method: 'GET',
    request_path: '/b/a?token=[REDACTED]&x=1',
    response_status: 200,
    response_size_bytes: 4,
    cache_status: 'miss',
    user_agent: 'tests',
    referer: 'https://example.com/?token=[REDACTED]',
    error: null,
  })
})

test('calls of administrators are audited, those too that are turned away', async (t) => {
  const { proxy, path } = await auditedProxy(t, { log_level: 'warn' })
  const admin = await adminOf(proxy)

  await admin('POST', '/cache/purge/b/cats/*?soft=true')
  await proxy.get('/admin/config')
  await proxy.stop()

  const [purge, config] = await entriesIn(path)
  assert.deepEqual([purge?.['user'], purge?.['action'], purge?.['response_status']], ['root', 'purge', 200])
  assert.equal(Object(purge?.['parameters'])['bucket'], 'b')
  assert.deepEqual(
    [config?.['action'], config?.['response_status'], config?.['error']],
    ['config', 401, 'TokenRequired'],
  )
})
