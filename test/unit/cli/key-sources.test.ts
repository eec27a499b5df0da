import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type KeySource, readAccessLog, readKeyList, readManifest } from '../../../src/cli/key-sources.ts'
import { fc } from '../../support/fast-check.ts'

function fileOf(t: TestContext, content: string | Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-keys-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'keys'), content)
  return join(folder, 'keys')
}

type Read = (file: string) => Promise<KeySource>
const readLog: Read = (file) => readAccessLog(file, '/img')

const combined = (request: string, status: number | string = 200) =>
  `192.0.2.7 - ann [21/Nov/2026:10:15:00 +0000] "${request}" ${status} 512 "-" "curl/8"\n`
const logged = (fields: object) => `${JSON.stringify({ level: 30, msg: 'request', ...fields })}\n`
const read = { method: 'GET', path: '/img/a', status: 200 }
const audited = { http_method: 'GET', request_path: '/img/a?token=[REDACTED]', response_status: 206 }

const sources: readonly (readonly [
  title: string,
  read: Read,
  content: string,
  keys: readonly string[],
  passed?: number,
])[] = [
  [
    'keys stand one a line, as they are',
    readKeyList,
    'a b\n%41+\n "c",d\nnothing\n',
    ['a b', '%41+', ' "c",d', 'nothing'],
  ],
  ['a key that stands there twice counts once', readKeyList, 'a\nb\na\n', ['a', 'b']],
  ['blank lines and comments are nothing', readKeyList, '\n# a\n\na\n', ['a']],
  ['the last line needs no break', readKeyList, 'a\nb', ['a', 'b']],
  ['lines may end as on Windows, behind a byte order mark', readKeyList, '\ufeffä\r\n\r\nb\r\n', ['ä', 'b']],
  ['a mark further down belongs to the key', readKeyList, 'a\n\ufeffb\n', ['a', '\ufeffb']],
  ['an empty file has none', readKeyList, '', []],
  ['no key is longer than 1024 bytes', readKeyList, `${'ä'.repeat(513)}\n${'ä'.repeat(512)}\n`, ['ä'.repeat(512)], 1],
  ['a line of any length is passed over', readKeyList, `a\n${'x'.repeat(300_000)}\nb\n`, ['a', 'b'], 1],
  ['also the last one', readManifest, `a\n${'x'.repeat(300_000)}`, ['a'], 1],

  ['inventories quote, and encode keys', readManifest, '"s3","a%2Fb+c%2B%C3%A9","1"\n"s3","d"\n', ['a/b c+é', 'd']],
  ['a quote in a quoted key is doubled', readManifest, '"s3","a""b"\n', ['a"b']],
  ['an inventory with a broken encoding has no key', readManifest, '"s3","%zz"\n"s3","%ff"\n"s3",""\n', [], 2],
  ['a dot segment is no key that can be asked for', readManifest, '"s3","a/../b"\n', [], 1],
  ['JSON lines have a key', readManifest, '{"key":"a\\nb","size":1}\n{"key":"%41"}\n', ['a\nb', '%41']],
  ['JSON without one is passed over', readManifest, '{"key":7}\n{"name":"a"}\n{"key":\n{"key":"\\ud800"}\n', [], 4],
  ['a manifest may be bare keys', readManifest, 'a\nb,c\n', ['a', 'b,c']],

  [
    'what was read most comes first',
    readLog,
    ['a', 'b', 'c', 'b'].map((key) => combined(`GET /img/${key} HTTP/1.1`)).join(''),
    ['b', 'a', 'c'],
  ],
  ['paths are decoded, without their query', readLog, combined('GET /img/a%20b//%C3%A9?x=/img/c HTTP/2.0'), ['a b//é']],
  ['the Common format ends with the size', readLog, '::1 - - [x] "GET /img/a HTTP/1.0" 304 -\n', ['a']],
  ['a virtual host may stand in front', readLog, `example.com:443 ${combined('GET /img/a HTTP/1.1', 206)}`, ['a']],
  ['other methods are no reading', readLog, combined('HEAD /img/a HTTP/1.1') + combined('POST /img/a HTTP/1.1'), [], 2],
  ['nor is what failed', readLog, combined('GET /img/a HTTP/1.1', 404) + combined('GET /img/a HTTP/1.1', '-'), [], 2],
  [
    'other places are passed over',
    readLog,
    ['/imgs/a', '/', '/img', '/img/', '/x/img/a'].map((path) => combined(`GET ${path} HTTP/1.1`)).join(''),
    [],
    5,
  ],
  [
    'what the proxy would refuse is passed over',
    readLog,
    ['/img/%zz', '/img/a/../b', '/img/%2e%2e', '/img/%00'].map((path) => combined(`GET ${path} HTTP/1.1`)).join(''),
    [],
    4,
  ],
  [
    'what a client wrote into other fields is none',
    readLog,
    '192.0.2.7 - - [x] "POST / HTTP/1.1" 200 1 "-" "" "GET /img/a HTTP/1.1" 200 1\n',
    [],
    1,
  ],
  [
    'nor is what it wrote with quotes in it',
    readLog,
    combined('GET /img/a\\"b HTTP/1.1') + combined('GET /img/\\xC3 HTTP/1.1'),
    [],
    2,
  ],
  ['the log of this proxy will do', readLog, logged(read) + logged({ ...read, path: '/img/b%20c' }), ['a', 'b c']],
  ['and so will its audit log', readLog, logged(audited), ['a']],
  [
    'other lines of theirs are passed over',
    readLog,
    [{}, { ...read, method: 'HEAD' }, { ...read, status: 502 }, { ...read, path: 7 }].map(logged).join(''),
    [],
    4,
  ],
  ['lines of no format are passed over', readLog, '{\n[]\n"GET /img/a HTTP/1.1" 200 \n\n', [], 4],
]

for (const [title, readSource, content, keys, passed = 0] of sources) {
  test(title, async (t) => {
    assert.deepEqual(await readSource(fileOf(t, content)), { keys, passed })
  })
}

test('bytes that are no UTF-8 are no key', async (t) => {
  const file = fileOf(t, Buffer.from('a\n\xff\n\xc3\xa9\n', 'latin1'))
  assert.deepEqual(await readKeyList(file), { keys: ['a', 'é'], passed: 1 })
})

test('a bucket at the root is at the root of its log', async (t) => {
  const file = fileOf(t, combined('GET /img/a HTTP/1.1') + combined('GET / HTTP/1.1'))
  assert.deepEqual(await readAccessLog(file, '/'), { keys: ['img/a'], passed: 1 })
})

test('a character that two reads share is whole', async (t) => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `${'é'.repeat(index % 7)}${index}`)
  assert.deepEqual(await readKeyList(fileOf(t, keys.join('\n'))), { keys, passed: 0 })
})

for (const [what, readSource] of [
  ['a list', readKeyList],
  ['a manifest', readManifest],
  ['an access log', readLog],
] as const) {
  test(`${what} that is not there is an error`, async () => {
    await assert.rejects(readSource('/nowhere/keys'), /ENOENT.*\/nowhere\/keys/)
  })

  test(`${what} may hold anything: every key of it could be asked for, and every line is accounted for`, async (t) => {
    const scraps = fc.constantFrom(
      '"GET ',
      '/img/',
      '"s3","',
      '{"key":"',
      '\n',
      '\r\n',
      '%',
      '"',
      '\\',
      '\xff',
      ' ',
      '[x]',
    )
    const content = fc.array(fc.oneof(scraps, fc.string()), { maxLength: 40 })
    const file = fileOf(t, '')
    await fc.assert(
      fc.asyncProperty(content, async (parts) => {
        const bytes = Buffer.from(parts.join(''), 'latin1')
        writeFileSync(file, bytes)
        const { keys, passed } = await readSource(file)
        assert.ok(keys.every((key) => key !== '' && key.isWellFormed() && Buffer.byteLength(key) <= 1024))
        assert.equal(new Set(keys).size, keys.length)
        assert.ok(keys.length + passed <= bytes.toString('latin1').split('\n').length)
      }),
      { numRuns: 100 },
    )
  })
}
