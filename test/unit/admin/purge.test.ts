import assert from 'node:assert/strict'
import test from 'node:test'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { everything } from '../../../src/cache/scope.ts'
import { type CallOptions, nothing, startAdmin } from './rig.ts'

const object = (key: string) => ({ kind: 'object', id: new CacheKey('img', key).id })
const prefix = (start: string) => ({ kind: 'prefix', start: CacheKey.start('img', start) })
const bucket = (name: string) => ({ kind: 'bucket', bucket: name })

for (const [target, scope] of [
  ['/admin/cache/purge', everything],
  ['/admin/cache/purge/img', bucket('img')],
  ['/admin/cache/purge/img/a', object('a')],
  ['/admin/cache/purge/img/a%20b//c', object('a b//c')],
  ['/admin/cache/purge/img/a+b', object('a+b')],
  ['/admin/cache/purge/img//', object('/')],
  ['/admin/cache/purge/img/caf%C3%A9', object('café')],
  ['/admin/cache/purge/img/caf\xc3\xa9', object('café')],
  ['/admin/cache/purge/img%2Fa', object('a')],
  ['/admin/cache/purge/%69mg/a', object('a')],
  ['/admin/cache/purge/img/', object('')],
  ['/admin/cache/purge/img/a*', prefix('a')],
  ['/admin/cache/purge/img/a/*', prefix('a/')],
  ['/admin/cache/purge/img/a/.*', prefix('a/.')],
  ['/admin/cache/purge/img/*', prefix('')],
  ['/admin/cache/purge/img/a**', prefix('a*')],
  ['/admin/cache/purge/img/a%2A', object('a*')],
  ['/admin/cache/purge/img/a%2a', object('a*')],
  ['/admin/cache/purge/img/a*b', object('a*b')],
] as const) {
  test(`POST ${target} purges ${JSON.stringify(scope)}`, async () => {
    const { call, asked } = startAdmin()
    const { status, json } = await call('POST', target)
    assert.equal(status, 200)
    assert.deepEqual(asked, [{ what: 'purge', with: [[scope], 'hard'] }])
    assert.deepEqual(json, { purged: { entries: 2, bytes: 30 }, tiers: { memory: { entries: 3, bytes: 30 } } })
  })
}

for (const [title, target, options, status, code] of [
  ['a bucket that is not there', '/admin/cache/purge/none', {}, 404, 'UnknownBucket'],
  ['an object of a bucket that is not there', '/admin/cache/purge/none/a', {}, 404, 'UnknownBucket'],
  ['no bucket', '/admin/cache/purge/', {}, 404, 'UnknownBucket'],
  ['a bucket named as what every object inherits', '/admin/cache/purge/constructor', {}, 404, 'UnknownBucket'],
  ['a dot segment', '/admin/cache/purge/img/a/../b', {}, 400, 'InvalidPath'],
  ['a dot segment in disguise', '/admin/cache/purge/img/%2e%2e', {}, 400, 'InvalidPath'],
  ['a broken escape', '/admin/cache/purge/img/%zz', {}, 400, 'InvalidPath'],
  ['NUL', '/admin/cache/purge/img/%00', {}, 400, 'InvalidPath'],
  ['another word for soft', '/admin/cache/purge?soft=yes', {}, 400, 'InvalidArgument'],
  ['soft twice', '/admin/cache/purge/img?soft=true&soft=false', {}, 400, 'InvalidArgument'],
  ['an unknown parameter', '/admin/cache/purge/img/a?dry_run=true', {}, 400, 'InvalidArgument'],
  ['an unknown parameter of a purge of everything', '/admin/cache/purge?bucket=img', {}, 400, 'InvalidArgument'],
  ['half an escape in the query', '/admin/cache/purge?soft=%f', {}, 400, 'InvalidArgument'],
  [
    'a body that is too large',
    '/admin/cache/purge',
    { body: ' '.repeat(1024 * 1024 + 1) },
    413,
    'RequestBodyNotAllowed',
  ],
  [
    'a filter where there is a bucket',
    '/admin/cache/purge/img',
    { body: '{"where":{"key":"a"}}' },
    400,
    'InvalidArgument',
  ],
  ['a body that is none beside a bucket', '/admin/cache/purge/img', { body: '{' }, 400, 'InvalidArgument'],
] as const) {
  test(`${title} is a ${status}, and nothing is purged`, async () => {
    const { call, asked } = startAdmin()
    const answer = await call('POST', target, options as CallOptions)
    assert.deepEqual([answer.status, answer.json.error.code, answer.trace.error], [status, code, code])
    assert.deepEqual(asked, [])
  })
}

for (const [body, detail] of [
  [' ', /the body must be a JSON object/],
  ['{', /the body must be a JSON object/],
  ['null', /the body must be a JSON object/],
  ['[]', /the body must be a JSON object/],
  ['"a"', /the body must be a JSON object/],
  ['{"where":{"key":"a"}} {}', /the body must be a JSON object/],
  ['{"where":{"key":"a"},"where":{"key":"b"}}', /repeated names/],
  ['{"where":{"key":"a","k\\u0065y":"b"}}', /repeated names/],
  [Buffer.from('{"where":{"key":"\xff"}}', 'latin1'), /UTF-8/],
  ['{}', /^where: is missing$/],
  ['{"dry_run":true}', /^where: is missing$/],
  ['{"where":null}', /^where: must be an object$/],
  ['{"where":[]}', /^where: must be an object$/],
  ['{"where":{}}', /^where: must not be empty$/],
  ['{"where":{"and":[]}}', /^where\.and: must not be empty$/],
  ['{"where":{"or":[]}}', /^where\.or: must not be empty$/],
  ['{"where":{"or":{}}}', /^where\.or: must be a list$/],
  ['{"where":{"and":[{"bucket":"img"},{}]}}', /^where\.and\[1\]: must not be empty$/],
  ['{"where":{"not":{}}}', /^where\.not: must not be empty$/],
  ['{"where":{"not":[]}}', /^where\.not: must be an object$/],
  ['{"where":{"key":{}}}', /^where\.key: must not be empty$/],
  ['{"where":{"key":{"in":[]}}}', /^where\.key\.in: must not be empty$/],
  ['{"where":{"key":{"in":"a"}}}', /^where\.key\.in: must be a list$/],
  ['{"where":{"key":{"in":["a",1]}}}', /^where\.key\.in\[1\]: must be a text$/],
  ['{"where":{"key":["a"]}}', /^where\.key: must be an object$/],
  ['{"where":{"bucket":"img:a"}}', /^where\.bucket: can be no name of a bucket$/],
  ['{"where":{"key":1}}', /^where\.key: must be a text$/],
  ['{"where":{"key":null}}', /^where\.key: must be a text$/],
  ['{"where":{"key":"\\ud800"}}', /^where\.key: must be valid Unicode$/],
  ['{"where":{"key":{"gt":"a"}}}', /^where\.key\.gt: is not known here; known are eq, ne, in, glob$/],
  ['{"where":{"key":{"glob":"a\\\\"}}}', /^where\.key\.glob: must be a pattern/],
  ['{"where":{"size":"1"}}', /^where\.size: must be a number$/],
  ['{"where":{"and":[{"bucket":"img"},{"size":{"gt":"1"}}]}}', /^where\.and\[1\]\.size\.gt: must be a number$/],
  ['{"where":{"size":{"gt":1e999}}}', /^where\.size\.gt: must be a number$/],
  ['{"where":{"size":{"glob":"1*"}}}', /^where\.size\.glob: is not known here/],
  ['{"where":{"kye":"a"}}', /^where\.kye: is not known here; known are and, or, not, bucket/],
  ['{"where":{"__proto__":{"key":"a"}}}', /^where\.__proto__: is not known here/],
  ['{"where":{"constructor":"a"}}', /^where\.constructor: is not known here/],
  ['{"__proto__":{"where":{"key":"a"}}}', /^__proto__: is not known here/],
  ['{"where":{"key":"a"},"soft":true}', /^soft: is not known here; known are where, dry_run$/],
  ['{"where":{"key":"a"},"dry_run":"true"}', /^dry_run: must be true or false$/],
  ['{"where":{"key":"a"},"dry_run":null}', /^dry_run: must be true or false$/],
  [`{"where":${'{"not":'.repeat(40)}{"key":"a"}${'}'.repeat(40)}}`, /nested more than 32 levels/],
  [`{"where":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, /nested more than 32 levels/],
  [`{"where":{"or":[${Array.from({ length: 1001 }, () => '{"size":1}').join()}]}}`, /one more than 1000 conditions/],
  [`{"where":{"${'k'.repeat(5000)}":1}}`, /^where\.k{250,}…$/],
] as const) {
  test(`the body ${body.slice(0, 70)} is a 400 that says why, and nothing is purged`, async () => {
    const { call, asked } = startAdmin()
    const { status, json } = await call('POST', '/admin/cache/purge', { body })
    assert.deepEqual([status, json.error.code], [400, 'InvalidArgument'])
    assert.match(json.error.detail, detail)
    assert.deepEqual(asked, [])
  })
}

test('soft marks, and a dry run counts', async () => {
  const { call, asked } = startAdmin()
  const soft = await call('POST', '/admin/cache/purge/img/a?soft=true')
  const dry = await call('POST', '/admin/cache/purge/img/a?soft=false', { body: '{"dry_run":true}' })
  const wet = await call('POST', '/admin/cache/purge/img/a', { body: '{"dry_run":false}' })
  assert.deepEqual(
    asked.map(({ what, with: [, kind] }) => [what, kind]),
    [
      ['purge', 'soft'],
      ['count', undefined],
      ['purge', 'hard'],
    ],
  )
  assert.deepEqual([soft.json.soft, dry.json.dry_run, wet.json.dry_run], [true, true, undefined])
  assert.deepEqual(dry.trace.action?.parameters['dry_run'], true)
})

test('an object that is not cached is a 404, and purged all the same', async () => {
  const asked: unknown[] = []
  const purge = async (scopes: unknown) => {
    asked.push(scopes)
    return nothing
  }
  const { call } = startAdmin({ purger: { purge, count: async () => nothing, where: async () => nothing } })
  const { status, json } = await call('POST', '/admin/cache/purge/img/a')
  assert.deepEqual([status, json.error.code, asked.length], [404, 'NoSuchEntry', 1])
  assert.equal((await call('POST', '/admin/cache/purge/img/a', { body: '{"dry_run":true}' })).status, 404)
  for (const target of ['/admin/cache/purge', '/admin/cache/purge/img', '/admin/cache/purge/img/a*']) {
    assert.equal((await call('POST', target)).status, 200)
  }
})

test('what goes on behind is told, and is no absence', async () => {
  const tiers = new Map([['redis', { entries: 0, bytes: 0, isPending: true }]] as const)
  const pending = { ...nothing, isPending: true, tiers } as const
  const purger = { purge: async () => pending, count: async () => pending, where: async () => pending }
  const { status, json } = await startAdmin({ purger }).call('POST', '/admin/cache/purge/img/a')
  assert.equal(status, 200)
  assert.deepEqual(json, {
    purged: { entries: 0, bytes: 0, pending: true },
    tiers: { redis: { entries: 0, bytes: 0, pending: true } },
  })
})

test('a purge that some tier may forget is a 503 that says which', async () => {
  const forgetful = { ...nothing, notKept: ['disk', 'redis'] } as const
  const purger = { purge: async () => forgetful, count: async () => forgetful, where: async () => forgetful }
  const { call } = startAdmin({ purger })
  const { status, json, field } = await call('POST', '/admin/cache/purge/img/a')
  assert.deepEqual([status, json.error.code, field('retry-after')], [503, 'PurgeIncomplete', '1'])
  assert.match(json.error.detail, /disk, redis/)
  assert.equal((await call('POST', '/admin/cache/purge/img', { body: '{"dry_run":true}' })).status, 200)
})

const a = { key: { glob: 'a/*' } }
for (const [title, where, scopes] of [
  ['a bucket', { bucket: 'img' }, [bucket('img')]],
  ['buckets', { bucket: { in: ['img', 'films'] } }, [bucket('img'), bucket('films')]],
  ['a bucket and a prefix', { and: [{ bucket: 'img' }, a] }, [prefix('a/')]],
  ['the same in one object', { bucket: 'img', ...a }, [prefix('a/')]],
  ['the same, nested', { and: [{ and: [a] }, { and: [{ bucket: 'img' }] }] }, [prefix('a/')]],
  ['an escaped star', { bucket: 'img', key: { glob: 'a\\*' } }, [object('a*')]],
  ['keys', { bucket: 'img', key: { in: ['a', 'b'] } }, [object('a'), object('b')]],
  ['a tag', { tag: 't' }, [{ kind: 'tag', bucket: undefined, tag: 't' }]],
  ['a tag in a bucket', { bucket: 'img', tag: 't' }, [{ kind: 'tag', bucket: 'img', tag: 't' }]],
  ['either', { or: [{ bucket: 'films' }, { bucket: 'img', key: 'a' }] }, [bucket('films'), object('a')]],
  ['buckets that exclude each other', { and: [{ bucket: 'img' }, { bucket: 'films' }] }, []],
] as const) {
  test(`a filter for ${title} is found by its scopes`, async () => {
    const { call, asked } = startAdmin()
    assert.equal((await call('POST', '/admin/cache/purge', { body: JSON.stringify({ where }) })).status, 200)
    assert.deepEqual(asked, [{ what: 'purge', with: [scopes, 'hard'] }])
    await call('POST', '/admin/cache/purge', { body: JSON.stringify({ where, dry_run: true }) })
    assert.deepEqual(asked[1], { what: 'count', with: [scopes] })
  })
}

for (const [title, where, scope] of [
  ['a size', { size: { gt: 1 } }, everything],
  ['a key of any bucket', { key: 'a' }, everything],
  ['a bucket and a size', { bucket: 'img', size: 1 }, bucket('img')],
  ['a prefix and a size', { bucket: 'img', ...a, size: 1 }, bucket('img')],
  ['a pattern that is no prefix', { bucket: 'img', key: { glob: '*.png' } }, bucket('img')],
  ['two patterns', { bucket: 'img', and: [a, { key: { glob: 'a/b*' } }] }, bucket('img')],
  ['anything but a bucket', { not: { bucket: 'img' } }, everything],
  ['a pattern of tags', { tag: { glob: 't*' } }, everything],
  [
    'a prefix or a size',
    {
      or: [
        { bucket: 'img', ...a },
        { bucket: 'img', size: 1 },
      ],
    },
    bucket('img'),
  ],
  [
    'more keys than scopes',
    { bucket: 'img', key: { in: Array.from({ length: 1001 }, (_, i) => `${i}`) } },
    bucket('img'),
  ],
] as const) {
  test(`a filter for ${title} is held against every entry of its buckets`, async () => {
    const { call, asked } = startAdmin()
    const kinds = ['?soft=true', '?soft=false', ''].map(async (query) => {
      await call('POST', `/admin/cache/purge${query}`, { body: JSON.stringify({ where, dry_run: query === '' }) })
    })
    await Promise.all(kinds)
    assert.deepEqual(
      asked.map(({ what, with: [place, , kind] }) => [what, place, kind]),
      [
        ['where', scope, 'soft'],
        ['where', scope, 'hard'],
        ['where', scope, undefined],
      ],
    )
  })
}

for (const [where, status] of [
  [{ bucket: 'img' }, 200],
  [{ bucket: 'img', size: { gt: 1 } }, 200],
  [
    {
      or: [
        { bucket: 'img', key: 'a' },
        { bucket: 'img', size: 1 },
      ],
    },
    200,
  ],
  [{ bucket: 'films' }, 403],
  [{ bucket: { in: ['img', 'films'] } }, 403],
  [{ or: [{ bucket: 'img' }, { bucket: 'films' }] }, 403],
  [{ or: [{ bucket: 'img' }, { size: 1 }] }, 403],
  [{ not: { bucket: 'films' } }, 403],
  [{ not: { bucket: 'img' } }, 403],
  [{ bucket: { ne: 'films' } }, 403],
  [{ bucket: { glob: 'img' } }, 403],
  [{ tag: 't' }, 403],
  [{ key: 'a' }, 403],
] as const) {
  test(`the filter ${JSON.stringify(where)} of the administrator of img is a ${status}`, async () => {
    const { call, asked } = startAdmin()
    const answer = await call('POST', '/admin/cache/purge', { body: JSON.stringify({ where }), token: 'img-admin' })
    assert.equal(answer.status, status)
    assert.equal(asked.length, status === 200 ? 1 : 0)
  })
}

test('a great many keys in a great many buckets are no scopes', async () => {
  const many = Array.from({ length: 20_000 }, (_, i) => `${i}`)
  const where = { bucket: { in: many }, key: { in: many }, and: [{ bucket: { in: many } }] }
  const { call, asked } = startAdmin()
  assert.equal((await call('POST', '/admin/cache/purge', { body: JSON.stringify({ where }) })).status, 200)
  assert.equal(asked[0]?.what, 'where')
})

test('a thousand conditions are a filter like any other', async () => {
  const where = { or: Array.from({ length: 1000 }, (_, i) => ({ bucket: 'img', size: i })) }
  const small = { or: where.or.slice(0, 500) }
  const { call } = startAdmin()
  assert.equal((await call('POST', '/admin/cache/purge', { body: JSON.stringify({ where }) })).status, 400) // 2,000
  assert.equal((await call('POST', '/admin/cache/purge', { body: JSON.stringify({ where: small }) })).status, 200)
})
