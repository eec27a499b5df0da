import assert from 'node:assert/strict'
import test from 'node:test'
import { isAdminPath } from '../../../src/admin/admin.ts'
import { ProxyError } from '../../../src/base/errors.ts'
import { access, gate, keySet, mainKeys, otherKeys, startAdmin } from './rig.ts'

/** Method, target, and the bucket whose own administrators may call it too. */
const calls = [
  ['POST', '/admin/cache/purge', undefined, 'purge'],
  ['POST', '/admin/cache/purge/img', 'img', 'purge'],
  ['POST', '/admin/cache/purge/img/a', 'img', 'purge'],
  ['POST', '/admin/cache/purge/img/a*', 'img', 'purge'],
  ['GET', '/admin/cache/stats', undefined, 'stats'],
  ['GET', '/admin/cache/stats/img', 'img', 'stats'],
  ['GET', '/admin/cache/entries', undefined, 'entries'],
  ['GET', '/admin/cache/entries?bucket=img', 'img', 'entries'],
  ['GET', '/admin/cache/warm/job-1', 'img', 'warm_status'],
  ['DELETE', '/admin/cache/warm/job-1', 'img', 'warm_cancel'],
  ['GET', '/admin/explain?url=/img/a', 'img', 'explain'],
  ['GET', '/admin/explain?url=/elsewhere', undefined, 'explain'],
  ['GET', '/admin/config', undefined, 'config'],
  ['GET', '/admin/status', undefined, 'status'],
  ['POST', '/admin/reload', undefined, 'reload'],
  ['GET', '/admin/limits/per_ip/192.0.2.1', undefined, 'limit_look'],
  ['DELETE', '/admin/limits/per_ip/192.0.2.1', undefined, 'limit_reset'],
] as const

for (const [method, target, bucket, action] of calls) {
  test(`${method} ${target} is for administrators ${bucket === undefined ? 'of everything' : `of ${bucket}`} alone`, async () => {
    const { call, asked } = startAdmin()
    const none = await call(method, target, { token: undefined })
    assert.deepEqual([none.status, none.json.error.code], [401, 'TokenRequired'])
    assert.equal(none.field('www-authenticate'), 'Bearer')
    const forged = await call(method, target, { token: 'nobody' })
    assert.deepEqual([forged.status, forged.json.error.code], [401, 'TokenInvalid'])
    assert.equal(forged.field('www-authenticate'), 'Bearer error="invalid_token"')
    for (const token of ['reader', 'forger']) {
      const denied = await call(method, target, { token })
      assert.deepEqual([denied.status, denied.json.error.code], [403, 'ClaimDenied'])
      assert.equal(denied.trace.subject, token)
    }
    const neighbour = await call(method, target, { token: 'films-admin' })
    // Whether a job is there is nothing that a neighbour learns.
    assert.equal(neighbour.status, target.includes('job-1') ? 404 : 403)
    assert.deepEqual(asked, [])
    const own = await call(method, target, { token: 'img-admin' })
    assert.equal(own.status, bucket === undefined ? 403 : 200)
    const root = await call(method, target)
    assert.equal(root.status, 200)
    for (const { trace } of [none, forged, neighbour, own, root]) assert.equal(trace.action?.name, action)
    assert.deepEqual([root.trace.subject, root.trace.auth], ['root', 'verified'])
    assert.deepEqual([none.trace.auth, none.trace.error], ['no-token', 'TokenRequired'])
  })
}

test('what is refused is refused by who asks first, then by place, method, and words', async () => {
  const { call, asked } = startAdmin()
  const statuses = async (token: string | undefined) => [
    (await call('PUT', '/admin/nothing', { token })).status,
    (await call('PUT', '/admin/config?x', { token })).status,
    (await call('POST', '/admin/cache/purge/none', { token, body: '{' })).status,
    (await call('GET', '/admin/config?x', { token })).status,
    (await call('POST', '/admin/cache/purge/none', { token })).status,
  ]
  assert.deepEqual(await statuses(undefined), [401, 401, 401, 401, 401])
  assert.deepEqual(await statuses('nobody'), [401, 401, 401, 401, 401])
  assert.deepEqual(await statuses('reader'), [403, 403, 403, 403, 403])
  assert.deepEqual(await statuses('img-admin'), [404, 403, 403, 403, 403])
  assert.deepEqual(await statuses('root'), [404, 405, 400, 400, 404])
  assert.deepEqual(asked, [])
})

for (const [target, methods] of [
  ['/admin/cache/purge', 'POST'],
  ['/admin/cache/purge/img/a', 'POST'],
  ['/admin/cache/stats', 'GET, HEAD'],
  ['/admin/cache/warm', 'POST'],
  ['/admin/cache/warm/job-1', 'GET, HEAD, DELETE'],
  ['/admin/limits/global', 'GET, HEAD, DELETE'],
] as const) {
  test(`${target} takes ${methods}`, async () => {
    const { call, asked } = startAdmin()
    for (const method of ['PUT', 'PATCH', 'OPTIONS', 'POST', 'GET'].filter((each) => !methods.includes(each))) {
      const refused = await call(method, target)
      assert.deepEqual([refused.status, refused.field('allow')], [405, methods])
      assert.equal(refused.trace.action?.name, 'unknown')
    }
    assert.deepEqual(asked, [])
    if (methods.includes('HEAD')) assert.equal((await call('HEAD', target)).status, 200)
  })
}

for (const path of [
  '/admin',
  '/admin/',
  '/admin/cache',
  '/admin/cache/purges',
  '/admin/reload/',
  '/admin/%63onfig',
  '/x',
]) {
  test(`there is nothing at ${path}`, async () => {
    const { call } = startAdmin()
    const { status, json, trace } = await call('POST', path)
    assert.deepEqual([status, json.error.code], [404, 'NoSuchCall'])
    assert.deepEqual(trace.action, { name: 'unknown', parameters: { method: 'POST', path } })
  })
}

test('what is under /admin is told by the path as it was sent', () => {
  for (const path of ['/admin', '/admin/', '/admin/x']) assert.equal(isAdminPath(path), true)
  for (const path of ['/administer', '/Admin', '/%61dmin', '/x/admin', '/']) assert.equal(isAdminPath(path), false)
})

test('a gate without rules opens for nobody', async () => {
  const open = { everything: [gate(mainKeys, undefined)], buckets: new Map([['img', [gate(mainKeys, undefined)]]]) }
  const { call } = startAdmin({ access: open })
  assert.equal((await call('GET', '/admin/status')).status, 403)
})

test('without any gate, nobody comes in', async () => {
  const { call } = startAdmin({ access: { everything: [], buckets: new Map() } })
  assert.equal((await call('GET', '/admin/status')).status, 401)
})

test('claims count for the keys they are asked of alone', async () => {
  const both = { everything: [gate(mainKeys, 'admin'), gate(otherKeys, 'films')], buckets: new Map() }
  const { call } = startAdmin({ access: both })
  assert.equal((await call('GET', '/admin/status', { token: 'root' })).status, 200)
  assert.equal((await call('GET', '/admin/status', { token: 'films-admin' })).status, 200)
  assert.equal((await call('GET', '/admin/status', { token: 'forger' })).status, 403)
})

test('a set of keys that several gates share looks at a token once', async () => {
  let looks = 0
  const counting = keySet({ root: { role: 'admin' } })
  const shared = {
    authenticate: (request: Parameters<typeof counting.authenticate>[0]) => {
      looks += 1
      return counting.authenticate(request)
    },
  }
  const { call } = startAdmin({
    access: { everything: [gate(shared, 'admin')], buckets: new Map([['img', [gate(shared, 'img')]]]) },
  })
  await call('GET', '/admin/status')
  assert.equal(looks, 1)
})

test('as long as keys are missing, a token that nobody else knows is a 503', async () => {
  const waiting = { authenticate: async () => ({ kind: 'no-keys' }) as const }
  const { call } = startAdmin({ access: { ...access, everything: [gate(waiting, 'admin')] } })
  const { status, json, trace } = await call('GET', '/admin/status')
  assert.deepEqual([status, json.error.code], [403, 'ClaimDenied']) // it verifies with the keys of a bucket
  assert.equal(trace.auth, 'verified')
  assert.equal((await call('GET', '/admin/status', { token: 'unheard-of' })).status, 503)
})

test('a page is to be kept by no one and run by no browser, and names its request', async () => {
  const { call } = startAdmin()
  for (const target of ['/admin/status', '/admin/nothing']) {
    const { field } = await call('GET', target)
    assert.equal(field('content-type'), 'application/json')
    assert.equal(field('cache-control'), 'no-store')
    assert.equal(field('x-content-type-options'), 'nosniff')
    assert.equal(field('content-security-policy'), "default-src 'none'")
    assert.equal(field('x-correlation-id'), 'test')
  }
})

test('what fails inside is a 500 that says nothing of it, and is on the trace', async () => {
  const failing = { status: () => Promise.reject(new Error('secret')) }
  const { status, json, trace } = await startAdmin(failing).call('GET', '/admin/status')
  assert.deepEqual([status, json.error.code], [500, 'InternalError'])
  assert.doesNotMatch(JSON.stringify(json), /secret/)
  assert.ok(trace.errorDetail instanceof ProxyError)
})

test('what a call asked for is on the trace, in bounded room and without what may be a secret', async () => {
  const { call } = startAdmin()
  const long = await call('GET', `/admin/${'a'.repeat(5000)}`)
  assert.ok(JSON.stringify(long.trace.action).length < 1200)
  const where = { or: Array.from({ length: 500 }, (_, i) => ({ key: `key ${i}` })) }
  const filter = await call('POST', '/admin/cache/purge', { body: JSON.stringify({ where, dry_run: true }) })
  assert.ok(JSON.stringify(filter.trace.action).length < 6000)
  const explain = await call('GET', '/admin/explain?url=/img/a?token=secret', {
    headers: { 'X-Explain-Authorization': 'Bearer secret' },
  })
  assert.equal(explain.status, 200)
  assert.doesNotMatch(JSON.stringify(explain.trace.action), /secret/)
})
