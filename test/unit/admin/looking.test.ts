import assert from 'node:assert/strict'
import test from 'node:test'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { everything } from '../../../src/cache/scope.ts'
import { type CallOptions, counts, entry, saved, startAdmin } from './rig.ts'

const row = {
  hits: 3,
  misses: 1,
  hit_rate: 0.75,
  evictions: 5,
  current_size_bytes: 1000,
  current_item_count: 7,
  max_size_bytes: 5000,
}

const savings = { origin_requests_avoided: 2, origin_bytes_avoided: 800, dollars_saved: 0.3, dollars_spent: 4e-7 }

test('stats are told for all, for each tier and for each bucket', async () => {
  const { call, asked } = startAdmin()
  assert.deepEqual((await call('GET', '/admin/cache/stats')).json, {
    total: { ...row, savings },
    tiers: { memory: row },
    buckets: { img: { ...row, savings } },
  })
  await call('GET', '/admin/cache/stats/img')
  assert.deepEqual(
    asked.map(({ with: args }) => args),
    [[], ['img']],
  )
})

test('without requests the hit rate is 0, and estimates say that they are', async () => {
  const estimate = { ...counts, hits: 0, misses: 0, isEstimate: true } as const
  const stats = () => ({
    total: { ...estimate, ...saved },
    tiers: new Map([['redis', estimate]] as const),
    buckets: new Map(),
  })
  const { json } = await startAdmin({ stats }).call('GET', '/admin/cache/stats')
  assert.deepEqual(json.tiers.redis, { ...row, hits: 0, misses: 0, hit_rate: 0, is_estimate: true })
})

test('an entry tells what is known of it', async () => {
  const { json } = await startAdmin().call('GET', '/admin/cache/entries')
  assert.deepEqual(json, {
    entries: [
      {
        bucket: 'img',
        key: 'a b/é',
        status: 200,
        size: 12,
        etag: '"x"',
        content_type: 'image/png',
        tags: ['t1'],
        stored: '2026-01-01T00:00:00.000Z',
        expires: null,
        tiers: ['memory', 'disk'],
        hits: 4,
      },
    ],
    next_cursor: null,
  })
})

test('an entry tells which query and which variant it is, and null for what nobody knows', async () => {
  const key = new CacheKey('img', 'a', 'v=1').withVariant('gzip')
  const expiresAt = (entry.storedAt + 1000) as typeof entry.storedAt
  const unknown = { ...entry, key, etag: undefined, contentType: undefined, hits: undefined, tags: [], expiresAt }
  const never = { ...entry, expiresAt: 9e15 as typeof entry.storedAt }
  const inventory = { page: async () => ({ entries: [unknown, never], next: undefined }) }
  const { json } = await startAdmin({ inventory }).call('GET', '/admin/cache/entries')
  const { query, variant, etag, content_type: type, hits, tags, expires } = json.entries[0]
  assert.deepEqual([query, variant, etag, type, hits, tags], ['v=1', key.variant, null, null, null, undefined])
  assert.deepEqual([expires, json.entries[1].expires], ['2026-01-01T00:00:01.000Z', null])
})

for (const [query, scope, limit] of [
  ['', everything, 100],
  ['?bucket=&prefix=&limit=&cursor=', everything, 100],
  ['?bucket=img', { kind: 'bucket', bucket: 'img' }, 100],
  ['?bucket=img&prefix=a+b%2Fc%C3%A9', { kind: 'prefix', start: CacheKey.start('img', 'a b/cé') }, 100],
  ['?limit=1', everything, 1],
  ['?limit=1000', everything, 1000],
] as const) {
  test(`GET /admin/cache/entries${query} asks for ${limit} of ${JSON.stringify(scope)}`, async () => {
    const { call, asked } = startAdmin()
    assert.equal((await call('GET', `/admin/cache/entries${query}`)).status, 200)
    assert.deepEqual(asked, [{ what: 'page', with: [scope, limit, undefined] }])
  })
}

test('the cursor of one page leads to the next', async () => {
  const after: unknown[] = []
  const { id } = new CacheKey('img', 'a?&b=c é')
  const inventory = {
    page: async (_scope: unknown, _limit: number, from: unknown) => {
      after.push(from)
      return { entries: [], next: id }
    },
  }
  const { call } = startAdmin({ inventory })
  const { json } = await call('GET', '/admin/cache/entries')
  assert.match(json.next_cursor, /^[\w-]+$/)
  await call('GET', `/admin/cache/entries?cursor=${json.next_cursor}`)
  assert.deepEqual(after, [undefined, id])
})

for (const [title, method, target, options, status, code, detail] of [
  ['stats of no bucket', 'GET', '/admin/cache/stats/none', {}, 404, 'UnknownBucket'],
  ['stats of an empty name', 'GET', '/admin/cache/stats/', {}, 404, 'UnknownBucket'],
  ['stats with a query', 'GET', '/admin/cache/stats?bucket=img', {}, 400, 'InvalidArgument', /^bucket: is not known/],
  ['entries of no bucket', 'GET', '/admin/cache/entries?bucket=none', {}, 404, 'UnknownBucket'],
  ['a prefix alone', 'GET', '/admin/cache/entries?prefix=a', {}, 400, 'InvalidArgument', /^bucket: is needed/],
  ['a limit of 0', 'GET', '/admin/cache/entries?limit=0', {}, 400, 'InvalidArgument', /^limit: must be/],
  ['a limit over 1000', 'GET', '/admin/cache/entries?limit=1001', {}, 400, 'InvalidArgument', /^limit: must be/],
  ['a limit that is none', 'GET', '/admin/cache/entries?limit=1e2', {}, 400, 'InvalidArgument', /^limit: must be/],
  ['a cursor that is none', 'GET', '/admin/cache/entries?cursor=abc', {}, 400, 'InvalidArgument', /^cursor: must be/],
  ['half a cursor', 'GET', '/admin/cache/entries?cursor=aW1nOmE!', {}, 400, 'InvalidArgument', /^cursor: must be/],
  [
    'two buckets',
    'GET',
    '/admin/cache/entries?bucket=img&bucket=films',
    {},
    400,
    'InvalidArgument',
    /^bucket: is given twice/,
  ],
  ['an unknown parameter', 'GET', '/admin/cache/entries?page=2', {}, 400, 'InvalidArgument', /^page: is not known/],
] as const) {
  test(`${title} is a ${status}, and nothing comes of it`, async () => {
    const { call, asked } = startAdmin()
    const answer = await call(method, target, options as CallOptions)
    assert.deepEqual([answer.status, answer.json.error.code], [status, code])
    if (detail !== undefined) assert.match(answer.json.error.detail, detail)
    assert.deepEqual(asked, [])
  })
}
