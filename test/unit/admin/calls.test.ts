import assert from 'node:assert/strict'
import test from 'node:test'
import { type CallOptions, startAdmin } from './rig.ts'

const warm = (body: unknown): CallOptions => ({ body: JSON.stringify(body) })

for (const [title, method, target, options, status, code, detail] of [
  ['warming without a body', 'POST', '/admin/cache/warm', {}, 400, 'InvalidArgument', /^bucket: must be a text/],
  [
    'warming of nothing in particular',
    'POST',
    '/admin/cache/warm',
    warm({ bucket: 'img' }),
    400,
    'InvalidArgument',
    /either a prefix/,
  ],
  [
    'warming of a prefix and keys',
    'POST',
    '/admin/cache/warm',
    warm({ bucket: 'img', prefix: '', keys: ['a'] }),
    400,
    'InvalidArgument',
    /either a prefix/,
  ],
  [
    'warming of no keys',
    'POST',
    '/admin/cache/warm',
    warm({ bucket: 'img', keys: [] }),
    400,
    'InvalidArgument',
    /^keys: must not be empty/,
  ],
  [
    'warming of an empty key',
    'POST',
    '/admin/cache/warm',
    warm({ bucket: 'img', keys: ['a', ''] }),
    400,
    'InvalidArgument',
    /^keys\[1\]: must not be empty/,
  ],
  [
    'warming of up to nothing',
    'POST',
    '/admin/cache/warm',
    warm({ bucket: 'img', prefix: '', limit: 0 }),
    400,
    'InvalidArgument',
    /^limit: must be/,
  ],
  [
    'warming of half an object',
    'POST',
    '/admin/cache/warm',
    warm({ bucket: 'img', prefix: '', limit: 1.5 }),
    400,
    'InvalidArgument',
    /^limit: must be/,
  ],
  [
    'warming with an unknown key',
    'POST',
    '/admin/cache/warm',
    warm({ bucket: 'img', path: '/etc' }),
    400,
    'InvalidArgument',
    /^path: is not known/,
  ],
  ...['../a', 'a/./b', '..', 'a\0'].map(
    (key) =>
      [
        `warming of ${JSON.stringify(key)}`,
        ...(['POST', '/admin/cache/warm', warm({ bucket: 'img', keys: ['a', key] })] as const),
        ...([400, 'InvalidArgument', /^keys\[1\]: is a key that no request/] as const),
      ] as const,
  ),
  ['warming of no bucket', 'POST', '/admin/cache/warm', warm({ bucket: 'none', prefix: '' }), 404, 'UnknownBucket'],
  [
    'warming by too many keys',
    'POST',
    '/admin/cache/warm',
    { body: 'x'.repeat(1024 * 1024 + 1) },
    413,
    'RequestBodyNotAllowed',
  ],
  [
    "warming of a neighbour's bucket",
    'POST',
    '/admin/cache/warm',
    { ...warm({ bucket: 'img', prefix: '' }), token: 'films-admin' },
    403,
    'ClaimDenied',
  ],
  ['a job that is none', 'GET', '/admin/cache/warm/none', {}, 404, 'NoSuchJob'],
  ["a neighbour's job", 'DELETE', '/admin/cache/warm/job-2', { token: 'img-admin' }, 404, 'NoSuchJob'],
  ['nothing to explain', 'GET', '/admin/explain', {}, 400, 'InvalidArgument', /^url: is missing/],
  ['a URL that is none', 'GET', '/admin/explain?url=img/a', {}, 400, 'InvalidArgument', /^url: must be a path/],
  [
    'a URL of another scheme',
    'GET',
    '/admin/explain?url=ftp://a/b',
    {},
    400,
    'InvalidArgument',
    /^url: must be a path/,
  ],
  ['a URL without a host', 'GET', '/admin/explain?url=http://u@h/b', {}, 400, 'InvalidArgument', /^url: must name/],
  [
    'an address that is none',
    'GET',
    '/admin/explain?url=/a&address=1.2.3',
    {},
    400,
    'InvalidArgument',
    /^address: must be/,
  ],
  ['another method', 'GET', '/admin/explain?url=/a&method=POST', {}, 400, 'InvalidArgument', /^method: must be/],
  ["a neighbour's URL", 'GET', '/admin/explain?url=/img/a', { token: 'films-admin' }, 403, 'ClaimDenied'],
  [
    'a scope that is none',
    'GET',
    '/admin/limits/per_planet/earth',
    {},
    404,
    'NoSuchLimit',
    /^scopes are global, per_ip/,
  ],
  ['a scope of every object', 'GET', '/admin/limits/constructor/a', {}, 404, 'NoSuchLimit'],
  [
    'an address that is no key',
    'GET',
    '/admin/limits/per_ip/a',
    {},
    400,
    'InvalidArgument',
    /^key: must be an IP address/,
  ],
  ['a limit of no bucket', 'GET', '/admin/limits/per_ip/::1?bucket=none', {}, 404, 'UnknownBucket'],
  [
    'a limit of an unnamed bucket',
    'GET',
    '/admin/limits/bucket_per_ip/::1',
    {},
    400,
    'InvalidArgument',
    /^bucket: is needed/,
  ],
  ['config with a query', 'GET', '/admin/config?secrets=true', {}, 400, 'InvalidArgument', /^secrets: is not known/],
] as const) {
  test(`${title} is a ${status}, and nothing comes of it`, async () => {
    const { call, asked } = startAdmin()
    const answer = await call(method, target, options as CallOptions)
    assert.deepEqual([answer.status, answer.json.error.code], [status, code])
    if (detail !== undefined) assert.match(answer.json.error.detail, detail)
    assert.deepEqual(asked, [])
  })
}

test('a job is ordered, looked at and called off', async () => {
  const { call, asked } = startAdmin()
  const progress = { found: 3, listed: false, fetched: 1, skipped: 1, missing: 0, failed: 1, bytes: 10 }
  const started = { started: '2026-01-01T00:00:00.000Z', ended: null, last_error: 'OriginTimeout' }
  const expected = { id: 'job-1', bucket: 'img', state: 'running', ...progress, ...started }
  const ordered = await call('POST', '/admin/cache/warm', warm({ bucket: 'img', prefix: 'a/', limit: 5 }))
  assert.deepEqual([ordered.status, ordered.field('location')], [202, '/admin/cache/warm/job-1'])
  assert.deepEqual(ordered.json, expected)
  assert.deepEqual((await call('GET', '/admin/cache/warm/job-1')).json, expected)
  assert.deepEqual((await call('DELETE', '/admin/cache/warm/job-1')).json, { ...expected, state: 'cancelled' })
  assert.deepEqual(asked, [
    { what: 'start', with: [{ bucket: 'img', keys: { prefix: 'a/' }, limit: 5 }] },
    { what: 'cancel', with: ['job-1'] },
  ])
})

test('the keys of a job are counted on the trace, not listed', async () => {
  const { call, asked } = startAdmin()
  const { trace } = await call('POST', '/admin/cache/warm', warm({ bucket: 'img', keys: ['a', 'b'] }))
  assert.deepEqual(asked[0]?.with, [{ bucket: 'img', keys: { list: ['a', 'b'] }, limit: undefined }])
  assert.equal(trace.action?.parameters['keys'], 2)
})

for (const [query, headers, expected] of [
  ['url=/img/a%2520b%3Fx%3D1', {}, { path: '/img/a%20b', query: 'x=1' }],
  ['url=http://Other.test:80/img/a', {}, { host: 'other.test', path: '/img/a' }],
  ['url=/img/caf%C3%A9', {}, { path: '/img/caf\xc3\xa9' }],
  ['url=/img/a&method=HEAD&address=::ffff:192.0.2.1', {}, { method: 'HEAD', address: '192.0.2.1' }],
  [
    'url=/img/a',
    { 'X-Explain-Authorization': 'Bearer x', 'X-Explain-': 'y' },
    { headers: ['authorization', 'Bearer x'] },
  ],
] as const) {
  test(`explain?${query} asks about ${JSON.stringify(expected)}`, async () => {
    const { call, asked } = startAdmin()
    assert.deepEqual((await call('GET', `/admin/explain?${query}`, { headers })).json, { plan: 'hit' })
    const plain = { method: 'GET', host: 'proxy.test', path: '/img/a', query: '', headers: [], address: '127.0.0.1' }
    assert.deepEqual(asked, [{ what: 'explain', with: [{ ...plain, ...expected }] }])
  })
}

for (const [target, scope, bucket, who] of [
  ['global', 'global', '', ''],
  ['global/*', 'global', '', ''],
  ['per_ip/192.0.2.1', 'per_ip', '', '192.0.2.1'],
  ['per_ip/::FFFF:192.0.2.1', 'per_ip', '', '192.0.2.1'],
  ['per_user/a%2Fb%20c', 'per_user', '', 'a/b c'],
  ['bucket/img', 'bucket', 'img', ''],
  ['global?bucket=img', 'bucket', 'img', ''],
  ['per_ip/192.0.2.1?bucket=img', 'bucket_per_ip', 'img', '192.0.2.1'],
  ['bucket_per_user/u?bucket=img', 'bucket_per_user', 'img', 'u'],
] as const) {
  test(`/admin/limits/${target} is the ${scope} limit of ${JSON.stringify([bucket, who])}`, async () => {
    const { call, asked } = startAdmin()
    const { status, json } = await call('GET', `/admin/limits/${target}`)
    assert.equal(status, 200)
    const ofBucket = bucket === '' ? {} : { bucket }
    assert.deepEqual(json, { scope, ...ofBucket, key: who, limit: 10, remaining: 4, reset_seconds: 6 })
    await call('DELETE', `/admin/limits/${target}`)
    const args = [scope, bucket, who]
    assert.deepEqual(asked, [
      { what: 'look', with: args },
      { what: 'reset', with: args },
      { what: 'look', with: args },
    ])
  })
}

test('a limit that is not configured is a 404', async () => {
  const limits = { look: async () => undefined, reset: async () => {} }
  const { status, json } = await startAdmin({ limits }).call('GET', '/admin/limits/global')
  assert.deepEqual([status, json.error.code], [404, 'NoSuchLimit'])
})

test('config and status are as they are given', async () => {
  const { call } = startAdmin()
  assert.deepEqual((await call('GET', '/admin/config')).json, { server: {} })
  assert.deepEqual((await call('GET', '/admin/status')).json, { version: '1' })
})

test('a reload tells its generation and what waits for a restart, or every problem', async () => {
  const reloaded = await startAdmin().call('POST', '/admin/reload')
  assert.deepEqual([reloaded.status, reloaded.json], [200, { generation: 2, restart_required: ['metrics.address'] }])
  assert.deepEqual(reloaded.trace.action?.parameters['generation'], 2)
  const reload = async () => ({ kind: 'refused', problems: ['buckets (line 3): is required'] }) as const
  const refused = await startAdmin({ reload }).call('POST', '/admin/reload')
  assert.deepEqual([refused.status, refused.json], [400, { problems: ['buckets (line 3): is required'] }])
})
