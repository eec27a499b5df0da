import assert from 'node:assert/strict'
import test from 'node:test'
import { configOf, oneBucket, problemsOf, warningsOf } from './parse-yaml.ts'

const warming = (settings: string, cache = 'cache: { enabled: true }') =>
  `warming: { ${settings} }\n${cache}\n${oneBucket}`

test('every setting of warming arrives', () => {
  const built = configOf(
    warming(`concurrency: 2, requests_per_second: 0.5, on_start: [{ bucket: products }, { bucket: products, prefix: a/ }],
      schedule: [{ cron: "*/5 * * * *", bucket: products, prefix: "ä b" }]`),
  ).warming
  assert.deepEqual(built, {
    concurrency: 2,
    requestsPerSecond: 0.5,
    onStart: [
      { bucket: 'products', prefix: '' },
      { bucket: 'products', prefix: 'a/' },
    ],
    schedule: [{ cron: '*/5 * * * *', bucket: 'products', prefix: 'ä b' }],
  })
})

const refused: readonly (readonly [settings: string, problem: RegExp])[] = [
  ['concurrency: 0', /^warming.concurrency \(line 1\): must be at least 1$/],
  ['on_start: [{}]', /^warming.on_start\[0\].bucket \(line 1\): is required$/],
  [
    'on_start: [{ bucket: product }]',
    /^warming.on_start\[0\].bucket \(line 1\): is the name of no bucket, did you mean "products"\?$/,
  ],
  [
    'schedule: [{ bucket: pictures, cron: "0 4 * * *" }]',
    /^warming.schedule\[0\].bucket \(line 1\): is the name of no bucket$/,
  ],
  ['schedule: [{ bucket: products }]', /^warming.schedule\[0\].cron \(line 1\): is required$/],
  [
    'schedule: [{ bucket: products, cron: "0 4 * *" }]',
    /^warming.schedule\[0\].cron \(line 1\): must have five fields/,
  ],
  [
    'schedule: [{ bucket: products, cron: "61 4 * * *" }]',
    /^warming.schedule\[0\].cron \(line 1\): is no cron expression/,
  ],
  [
    'on_start: [{ bucket: products, prefix: "a\\nb" }]',
    /^warming.on_start\[0\].prefix \(line 1\): must hold no control/,
  ],
  [
    `on_start: [{ bucket: products, prefix: ${'a'.repeat(901)} }]`,
    /^warming.on_start\[0\].prefix \(line 1\): must not be longer than 900 bytes$/,
  ],
]

for (const [settings, problem] of refused) {
  test(`warming with ${settings.slice(0, 60)} is refused`, () => {
    const [first = '', ...more] = problemsOf(warming(settings))
    assert.match(first, problem)
    assert.deepEqual(more, [])
  })
}

test('a bucket that caches nothing is warned about', () => {
  const text = 'on_start: [{ bucket: products }], schedule: [{ cron: "0 4 * * *", bucket: products }]'
  const warning = 'names a bucket that caches nothing, so that there is nothing to warm'
  assert.deepEqual(warningsOf(warming(text, '')), [
    `warming.on_start[0].bucket (line 1): ${warning}`,
    `warming.schedule[0].bucket (line 1): ${warning}`,
  ])
  assert.deepEqual(warningsOf(warming(text)), [])
})
