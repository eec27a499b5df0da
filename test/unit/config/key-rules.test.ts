// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
import assert from 'node:assert/strict'
import test from 'node:test'
import { makeKeyFiles } from './key-files.ts'
import { configOf, oneBucket, problemsOf, warningsOf } from './parse-yaml.ts'

const secret = 'x'.repeat(64)
const key = `algorithm: HS256, secret: ${secret}`
const withJwt = (settings: string) => `${oneBucket}    jwt: { ${settings} }\n`
const withSources = (items: string) => withJwt(`${key}, token_sources: [${items}]`)
const withClaim = (rule: string) => withJwt(`${key}, claims: [{ ${rule} }]`)

const url = 'must be an https URL, such as https://id.example.com/jwks.json'
const takesSecret = (algorithm: string) => `does not go with ${algorithm}, which takes a secret`
const takesPath = (algorithm: string) => `does not go with ${algorithm}, which takes the path of a public key`

/** Problems are those of `buckets[0].jwt`, line 5. What is wrong with a value is said in full by whoever will use it: `…`. */
const refused: readonly (readonly [text: string, ...problems: string[]])[] = [
  [withJwt('secret: s'), 'algorithm: is required beside a key'],
  [
    withJwt('algorithm: HS1, secret: s'),
    'algorithm: must be one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, ES256, ES384, EdDSA',
  ],
  [
    withJwt('algorithm: hs256, secret: s'),
    'algorithm: must be one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, ES256, ES384, EdDSA, did you mean "HS256"?',
  ],
  [
    withJwt('algorithm: none, secret: s'),
    'algorithm: must be one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, ES256, ES384, EdDSA',
  ],
  [withJwt('algorithm: HS256, secret: 12345'), 'secret: must be text; put it in quotes'],
  [withJwt('algorithm: RS256, secret: s'), `secret: ${takesPath('RS256')}`],
  [withJwt('algorithm: EdDSA, secret: s'), `secret: ${takesPath('EdDSA')}`],
  [withJwt('algorithm: HS256, secret: "-----BEGIN PUBLIC KEY-----"'), 'secret: is a PEM file…'],
  [withJwt(`${key}, jwks_url: "https://k.example"`), 'jwks_url: excludes keys that the file itself names'],
  [withJwt(`jwks_url: "https://k.example", keys: [{ ${key} }]`), 'jwks_url: excludes keys that the file itself names'],
  [withJwt('jwks_url: "ftp://k.example"'), `jwks_url: ${url}`],
  [withJwt('jwks_url: "k.example/jwks"'), `jwks_url: ${url}`],
  [withJwt('jwks_url: "https://k.example/#a"'), `jwks_url: ${url}`],
  [withJwt('jwks_url: "https://u:p@k.example"'), 'jwks_url: must not hold a user or a password'],
  [withJwt('jwks_url: "https://k.example:x"'), 'jwks_url: must be a valid URL'],
  ...[
    'http://k.example',
    'http://127.0.0.1.k.example',
    'http://localhost.k.example',
    'http://[::2]',
    'http://10.0.0.1',
  ].map(
    (text) => [withJwt(`jwks_url: "${text}"`), 'jwks_url: must be https: http is for loopback hosts only'] as const,
  ),
  [
    withJwt('jwks_url: "https://k.example", jwks_refresh_interval_seconds: 0'),
    'jwks_refresh_interval_seconds: must be at least 1',
  ],
  [withJwt(`${key}, leeway_seconds: -1`), 'leeway_seconds: must be at least 0'],
  [withJwt('keys: [{ id: a }]'), 'keys[0].algorithm: is required', 'keys[0]: needs a secret or a path'],
  [withJwt('keys: [{ algorithm: HS256 }]'), 'keys[0]: needs a secret or a path'],
  [withJwt('keys: [{ algorithm: HS256, secret: "" }]'), 'keys[0].secret: needs a secret or a path'],
  [
    withJwt('keys: [{ algorithm: HS256, secret: s, path: /p }]'),
    'keys[0].path: excludes secret: a key is one or the other',
    'keys[0].path: cannot be read: ENOENT',
  ],
  [withJwt('keys: [{ algorithm: ES256, secret: s }]'), `keys[0].secret: ${takesPath('ES256')}`],
  [
    withJwt(`keys: [{ id: a, ${key} }, { id: b, ${key} }, { id: a, ${key} }]`),
    'keys[2].id: repeats buckets[0].jwt.keys[0].id',
  ],

  [withSources(''), 'token_sources: must not be empty'],
  [withSources('{}'), 'token_sources[0].type: is required'],
  [
    withSources('{ type: heder, name: a }'),
    'token_sources[0].type: must be one of bearer_header, bearer, header, query_param, query, cookie, did you mean "header"?',
  ],
  ...['header', 'query', 'query_param', 'cookie'].map(
    (type) => [withSources(`{ type: ${type} }`), `token_sources[0].name: is required beside ${type}`] as const,
  ),
  [withSources('{ type: bearer, name: a }'), 'token_sources[0].name: has no place beside bearer, whose name is known'],
  [withSources('{ type: header, name: "a b" }'), 'token_sources[0].name: must be the name of a header field'],
  [withSources('{ type: cookie, name: "a;b" }'), 'token_sources[0].name: must be the name of a cookie'],
  [withSources('{ type: query, name: "a=b" }'), 'token_sources[0].name: must be the name of a query parameter'],
  [withSources('{ type: query, name: a, prefix: x }'), 'token_sources[0].prefix: is for type header alone'],
  [withSources('{ type: bearer, prefix: x }'), 'token_sources[0].prefix: is for type header alone'],
  [
    withSources('{ type: header, name: X-A }, { type: header, name: x-a }'),
    'token_sources[1]: repeats buckets[0].jwt.token_sources[0]',
  ],
  [
    withSources('{ type: bearer }, { type: query, name: t }, { type: bearer_header }'),
    'token_sources[2]: repeats buckets[0].jwt.token_sources[0]',
  ],

  [withClaim('operator: exists'), 'claims[0].claim: is required'],
  [withClaim('claim: a'), 'claims[0].operator: is required'],
  [withClaim('claim: "", operator: exists'), 'claims[0].claim: is required'],
  [
    withClaim('claim: a, operator: equal, value: 1'),
    'claims[0].operator: must be one of equals, not_equals, in, not_in, contains, exists, gt, gte, lt, lte, matches, did you mean "equals"?',
  ],
  [withClaim('claim: a, operator: equals'), 'claims[0].value: equals needs …'],
  [withClaim('claim: a, operator: equals, value: ""'), 'claims[0].value: equals needs …'],
  [withClaim('claim: a, operator: equals, value: [x]'), 'claims[0].value: equals needs …'],
  [withClaim('claim: a, operator: in, value: x'), 'claims[0].value: in needs …'],
  [withClaim('claim: a, operator: in, value: []'), 'claims[0].value: must not be empty'],
  [withClaim('claim: a, operator: gt, value: "5"'), 'claims[0].value: gt needs …'],
  [withClaim('claim: a, operator: exists, value: 1'), 'claims[0].value: exists needs …'],
  [
    withClaim('claim: a, operator: equals, value: { b: c }'),
    'claims[0].value: must be text, a number, true or false, or a list, not a map',
  ],
  [
    withClaim('claim: a, operator: in, value: [[x]]'),
    'claims[0].value[0]: must be text, a number, true or false, not a list',
  ],
  [withClaim('claim: a, operator: lt, value: .inf'), 'claims[0].value: must be text, a number, true or false'],
  [
    withClaim('claim: a, operator: equals, value: 12345678901234567890'),
    'claims[0].value: must be a number of at most 15 digits, or text in quotes',
  ],
]

function assertProblems(text: string, problems: readonly string[]): void {
  const found = problemsOf(text)
  const expected = problems.map((problem) => problem.replace(/^([^:]+):/, 'buckets[0].jwt.$1 (line 5):'))
  const shortened = found.map((line, index) => {
    const start = expected[index]?.replace('…', '') ?? line
    return start !== expected[index] && line.startsWith(start) ? expected[index] : line
  })
  assert.deepEqual(shortened, expected)
}

for (const [text, ...problems] of refused) {
  test(`${text.slice(text.indexOf('jwt')).trim().replaceAll(secret, 'S')} is refused`, () => {
    assertProblems(text, problems)
  })
}

test('a pattern that cannot be used is told with the config', () => {
  const [problem] = problemsOf(withClaim('claim: a, operator: matches, value: "(a"'))
  assert.match(problem ?? '', /^buckets\[0\]\.jwt\.claims\[0\]\.value \(line 5\): not a regular expression/)
})

test('keys may be fetched over http from loopback alone', () => {
  for (const host of ['localhost:1', '127.0.0.1', '127.9.9.9:2', '[::1]:3'])
    assert.deepEqual(problemsOf(withJwt(`jwks_url: "http://${host}/jwks?v=1"`)), [], host)
})

test('claim values keep the type they are written in, and variables take the one they look like', () => {
  const value = (text: string, env = {}) => {
    const file = `${oneBucket}    jwt:\n      algorithm: HS256\n      secret: ${secret}\n      claims:\n        - { claim: a, operator: equals, value: 1 }\n        - claim: a\n          operator: ${text.startsWith('[') ? 'in' : 'equals'}\n          value: ${text}\n`
    return configOf(file, env).buckets[0]?.access.claims[1]?.value
  }
  assert.deepEqual(
    ['5', '"5"', '5.5', 'true', '"true"', 'five', '-1'].map((text) => value(text)),
    [5, '5', 5.5, true, 'true', 'five', -1],
  )
  assert.deepEqual(value('[1, "1", true, x]'), [1, '1', true, 'x'])
  assert.deepEqual(
    ['5', 'true', 'five', '5 %'].map((A) => value('${A}', { A })),
    [5, true, 'five', '5 %'],
  )
  assert.deepEqual(value('"${A}"', { A: '5' }), '5')
})

test('token sources come under one name each', () => {
  const items =
    '{ type: bearer_header }, { type: header, name: X-Token, prefix: "Token " }, { type: header, name: x-token }, { type: query_param, name: T }, { type: query, name: t }, { type: cookie, name: C }'
  assert.deepEqual(configOf(withSources(items)).buckets[0]?.access.jwt?.sources, [
    { kind: 'bearer' },
    { kind: 'header', name: 'x-token', prefix: 'Token ' },
    { kind: 'header', name: 'x-token', prefix: '' },
    { kind: 'query', name: 'T' },
    { kind: 'query', name: 't' },
    { kind: 'cookie', name: 'C' },
  ])
})

test('a key that works but is easier to guess, or a word without effect, is warned about', () => {
  const shorter = (algorithm: string, bytes: number) =>
    warningsOf(withJwt(`algorithm: ${algorithm}, secret: ${'ä'.repeat(bytes / 2)}`)).length
  assert.deepEqual([shorter('HS256', 32), shorter('HS384', 48), shorter('HS512', 64)], [0, 0, 0])
  assert.deepEqual([shorter('HS256', 30), shorter('HS384', 46), shorter('HS512', 62)], [1, 1, 1])
  assert.deepEqual(warningsOf(withJwt('algorithm: HS256, secret: hunter2')), [
    'buckets[0].jwt.secret (line 5): is shorter than the hash of HS256, 32 bytes, and so easier to guess',
  ])
  assert.deepEqual(warningsOf(withJwt('algorithm: RS256, jwks_url: "https://k.example"')), [
    'buckets[0].jwt.algorithm (line 5): has no effect beside jwks_url, whose keys have their own',
  ])
})

test('key files are read with the config, and held to their algorithms', (t) => {
  const files = makeKeyFiles(t)
  const pemOf = (settings: string) => {
    const keys = configOf(withJwt(settings)).buckets[0]?.access.jwt?.keys
    return keys?.kind === 'static' ? keys.keys : []
  }
  const [rsa] = pemOf(`algorithm: PS256, rsa_public_key_path: ${files.rsa}`)
  assert.ok(rsa && 'pem' in rsa && rsa.pem.startsWith('-----BEGIN PUBLIC KEY-----'))
  const several = pemOf(`keys: [
      { id: a, algorithm: RS512, path: ${files.rsa} }, { id: b, algorithm: ES256, ecdsa_public_key_path: ${files.p256} },
      { id: c, algorithm: ES384, path: ${files.p384} }, { algorithm: EdDSA, rsa_public_key_path: ${files.ed25519} },
      { id: e, algorithm: HS256, secret: ${secret} }]`)
  assert.deepEqual(
    several.map(({ id, algorithm }) => `${id} ${algorithm}`),
    ['a RS512', 'b ES256', 'c ES384', 'undefined EdDSA', 'e HS256'],
  )

  const wrong: readonly (readonly [settings: string, problem: string])[] = [
    [`algorithm: RS256, rsa_public_key_path: ${files.gone}`, 'rsa_public_key_path: cannot be read: ENOENT'],
    [`algorithm: HS256, rsa_public_key_path: ${files.rsa}`, `rsa_public_key_path: ${takesSecret('HS256')}`],
    [`algorithm: RS256, rsa_public_key_path: ${files.p256}`, 'rsa_public_key_path: names a key that …'],
    [`algorithm: ES256, ecdsa_public_key_path: ${files.p384}`, 'ecdsa_public_key_path: names a key that …'],
    [`algorithm: ES384, ecdsa_public_key_path: ${files.rsa}`, 'ecdsa_public_key_path: names a key that …'],
    [`algorithm: RS256, rsa_public_key_path: ${files.smallRsa}`, 'rsa_public_key_path: names a key that …'],
    [`algorithm: ES256, ecdsa_public_key_path: ${files.privateKey}`, 'ecdsa_public_key_path: names a key that …'],
    [
      `algorithm: ES256, ecdsa_public_key_path: ${files.write('no.pem', 'hunter2')}`,
      'ecdsa_public_key_path: names a key that …',
    ],
    [
      `algorithm: ES256, ecdsa_public_key_path: ${files.p256}, rsa_public_key_path: ${files.p256}`,
      'ecdsa_public_key_path: excludes rsa_public_key_path; several keys go under keys',
    ],
    [
      `keys: [{ algorithm: EdDSA, ecdsa_public_key_path: ${files.p256} }]`,
      'keys[0].ecdsa_public_key_path: names a key that …',
    ],
  ]
  for (const [settings, problem] of wrong) assertProblems(withJwt(settings), [problem])
  assert.deepEqual(problemsOf(withJwt(`enabled: false, algorithm: RS256, rsa_public_key_path: ${files.gone}`)), [])
})
