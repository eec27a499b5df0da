import assert from 'node:assert/strict'
import { test } from 'node:test'
import { administered, adminOf } from '../../support/administration.ts'
import { startProxy } from '../../support/start-proxy.ts'
import { bearer } from '../../support/tokens.ts'

const bucketSecret = 'those who administer b have another one'
const ownKeys = {
  enabled: true,
  algorithm: 'HS256',
  secret: bucketSecret,
  admin_claims: [{ claim: 'role', operator: 'equals', value: 'keeper' }],
}
const settings = { top: administered, bucket: { jwt: ownKeys } }

test('without administrators there is no /admin', async (t) => {
  const { proxy } = await startProxy(t)
  assert.equal((await proxy.get('/admin/status')).status, 404)
  assert.equal((await proxy.get('/admin/cache/purge', { method: 'POST' })).status, 404)
})

test('a token is asked for before anything else is said', async (t) => {
  const { proxy } = await startProxy(t, settings)
  for (const path of ['/admin', '/admin/status', '/admin/cache/purge/b', '/admin/cache/purge/none', '/admin/none']) {
    const { status, header } = await proxy.get(path, { method: 'POST', body: '{' })
    assert.deepEqual([status, header('www-authenticate')], [401, 'Bearer'], path)
  }
  const forged = await bearer({ role: 'admin' }, 'a secret that nobody has been told of')
  const { status, header } = await proxy.get('/admin/status', forged)
  assert.deepEqual([status, header('www-authenticate')], [401, 'Bearer error="invalid_token"'])
})

test('claims of one set of keys are worth nothing with another', async (t) => {
  const { proxy } = await startProxy(t, settings)
  const asIfAdmin = await bearer({ role: 'admin' }, bucketSecret)
  assert.equal((await proxy.get('/admin/status', asIfAdmin)).status, 403)
  assert.equal((await proxy.get('/admin/cache/purge/b', { method: 'POST', ...asIfAdmin })).status, 403)
})

test('who administers a bucket administers that bucket alone', async (t) => {
  const { proxy } = await startProxy(t, settings)
  const keeper = await bearer({ role: 'keeper', sub: 'kay' }, bucketSecret)
  const statusOf = async (path: string, method: 'GET' | 'POST', body?: string) =>
    (await proxy.get(path, { method, ...keeper, ...(body !== undefined && { body }) })).status
  assert.equal(await statusOf('/admin/cache/purge/b', 'POST'), 200)
  assert.equal(await statusOf('/admin/cache/stats/b', 'GET'), 200)
  assert.equal(await statusOf('/admin/cache/entries?bucket=b', 'GET'), 200)
  assert.equal(await statusOf('/admin/explain?url=/b/a', 'GET'), 200)
  assert.equal(await statusOf('/admin/cache/purge', 'POST', '{"where":{"bucket":"b","size":{"gt":1}}}'), 200)
  assert.equal(await statusOf('/admin/cache/purge', 'POST', '{"where":{"size":{"gt":1}}}'), 403)
  assert.equal(await statusOf('/admin/cache/purge', 'POST'), 403)
  assert.equal(await statusOf('/admin/cache/purge/none', 'POST'), 403)
  assert.equal(await statusOf('/admin/cache/entries', 'GET'), 403)
  assert.equal(await statusOf('/admin/config', 'GET'), 403)
  assert.equal(await statusOf('/admin/status', 'GET'), 403)
})

test('a body that is not understood purges nothing', async (t) => {
  const { proxy, origin, clock } = await startProxy(t, { top: administered })
  const admin = await adminOf(proxy)
  origin.serve('a', 'crow')
  await proxy.get('/b/a')
  await clock.advance(1)

  for (const body of ['{', '[]', '{}', '{"were":{}}', '{"where":{}}', '{"where":{"size":{"gt":"1"}}}']) {
    assert.equal((await admin('POST', '/cache/purge', body)).status, 400, body)
  }
  const large = await admin('POST', '/cache/purge', JSON.stringify({ where: { key: 'a'.repeat(2 ** 20) } }))

  assert.equal(large.status, 413)
  assert.equal((await proxy.get('/b/a')).header('x-cache'), 'HIT')
})

test('what is cached is listed, a page at a time', async (t) => {
  const { proxy, origin } = await startProxy(t, { top: administered })
  const admin = await adminOf(proxy)
  for (const key of ['a', 'b', 'c é']) {
    origin.serve(key, 'crow')
    await proxy.get(`/b/${encodeURIComponent(key)}`)
  }
  const first = await admin('GET', '/cache/entries?bucket=b&limit=2')
  const second = await admin('GET', `/cache/entries?bucket=b&limit=2&cursor=${first.json.next_cursor}`)
  const keys = [...first.json.entries, ...second.json.entries].map(({ key }) => key)
  assert.deepEqual(keys.toSorted(), ['a', 'b', 'c é'])
  assert.deepEqual([first.json.entries.length, second.json.next_cursor], [2, null])
  assert.deepEqual([first.json.entries[0].size, first.json.entries[0].tiers], [4, ['memory']])
})
