import assert from 'node:assert/strict'
import test from 'node:test'
import { configOf, oneBucket, originOf, problemsOf } from './parse-yaml.ts'

const shared = `
x-s3: &s3
  region: eu-central-1
  endpoint: http://127.0.0.1:9000
x-retry: &retry { max_attempts: 7 }
buckets:
  - name: a
    path_prefix: /a
    s3: &a { <<: *s3, bucket: a-objects, retry: *retry }
  - name: b
    path_prefix: /b
    s3: *a
  - name: c
    path_prefix: /c
    s3:
      <<: [{ region: us-east-1 }, *s3]
      bucket: c-objects
`

test('anchors, aliases, merge keys and x- sections are understood', () => {
  const [a, b, c] = configOf(shared).buckets
  assert.equal(a?.s3.replicas[0]?.endpoint, 'http://127.0.0.1:9000')
  assert.equal(a?.s3.retry.maxAttempts, 7)
  assert.deepEqual(b?.s3, a?.s3)
  assert.equal(c?.s3.replicas[0]?.region, 'us-east-1')
  assert.equal(c?.s3.replicas[0]?.endpoint, 'http://127.0.0.1:9000')
})

test('a key of the map itself beats a merged one, before or after', () => {
  const regionOf = (s3: string) =>
    originOf(`x-s: &s { region: r1, bucket: b1 }\nbuckets: [{ name: a, path_prefix: /a, s3: ${s3} }]`).region
  assert.equal(regionOf('{ region: r2, <<: *s }'), 'r2')
  assert.equal(regionOf('{ <<: *s, region: r2 }'), 'r2')
})

test('a problem inside shared text is told of every setting that takes it, at the line where it stands', () => {
  const text = shared.replace('http://127.0.0.1:9000', 'ftp://127.0.0.1')
  const message = 'must be an http or https URL of scheme, host and port only, such as https://s3.example.com:9000'
  assert.deepEqual(problemsOf(text), [
    `buckets[0].s3.endpoint (line 4): ${message}`,
    `buckets[1].s3.endpoint (line 4): ${message}`,
    `buckets[2].s3.endpoint (line 4): ${message}`,
  ])
})

test('what shared text lacks is told at the line that uses it', () => {
  const text = shared.replace('s3: *a', 's3: *s3')
  assert.deepEqual(problemsOf(text), ['buckets[1].s3.bucket (line 12): is required'])
})

const broken: readonly (readonly [title: string, text: string, problems: readonly string[]])[] = [
  ['an empty file', '', ['test.yaml: the file is empty']],
  ['a file of comments', '# nothing\n', ['test.yaml: the file is empty']],
  ['a list', '- a\n- b\n', ['test.yaml: must be a map of settings, not a list']],
  ['a word', 'word\n', ['test.yaml: must be a map of settings, not a single value']],
  ['an open quote', 'logging:\n  level: "info\n', ['test.yaml (line 3): is not valid YAML: Missing closing "quote']],
  ['tabs', 'logging:\n\tlevel: info\n', ['test.yaml (line 2): is not valid YAML: Tabs are not allowed as indentation']],
  ['two documents', 'a: 1\n---\nb: 2\n', ['test.yaml (line 2): is not valid YAML']],
  ['an unknown tag', 'a: !foo bar\n', ['test.yaml (line 1): is not valid YAML: Unresolved tag: !foo']],
  ['endless nesting', '['.repeat(50_000), ['test.yaml (line 1): is not valid YAML: nested too deeply']],
  ['deep nesting', `a: ${'['.repeat(150)}${']'.repeat(150)}`, ['test.yaml: is nested too deeply']],
  [
    'a key given twice',
    `logging: {}\nmetrics: {}\nlogging: {}\n${oneBucket}`,
    ['logging (line 3): given twice, first on line 1'],
  ],
  [
    'an alias without anchor',
    `logging: *gone\n${oneBucket}`,
    ['logging (line 1): no anchor &gone comes before this alias'],
  ],
  [
    'an alias inside its anchor',
    `logging: &a { level: *a }\n${oneBucket}`,
    ['logging.level (line 1): the alias *a lies inside what it stands for'],
  ],
  [
    'a merge of text',
    `logging: { <<: text }\n${oneBucket}`,
    ['logging.<< (line 1): must name a map, or a list of maps'],
  ],
  ['a key that is a list', `logging: { [a]: b }\n${oneBucket}`, ['logging."?" (line 1): a key must be a single word']],
]

for (const [title, text, problems] of broken) {
  test(`${title} is told as what it is`, () => {
    const found = problemsOf(text).map((line, index) =>
      problems[index]?.endsWith('YAML') ? line.slice(0, problems[index].length) : line,
    )
    assert.deepEqual(found.slice(0, problems.length), problems)
  })
}

test('aliases that multiply are stopped', () => {
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`)
  const found = problemsOf(`l0: &l0 [x]\n${levels.join('\n')}\n`)
  assert.ok(found.includes('test.yaml: its aliases expand to more than 100000 values'))
})

test('a syntax error does not repeat what the file holds', () => {
  for (const text of [
    'a: |hunter2\n',
    '- a\nhunter2: c',
    'secret_key: "hunter2',
    'a: hunter2: b',
    '{ a: 1 } hunter2',
  ]) {
    const found = problemsOf(text)
    assert.ok(found.length > 0)
    assert.ok(!found.join().includes('hunter2'), found.join())
  }
})
