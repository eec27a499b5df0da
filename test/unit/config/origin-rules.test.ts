import assert from 'node:assert/strict'
import test from 'node:test'
import { configOf, oneBucket, originOf, problemsOf, warningsOf } from './parse-yaml.ts'

const inBucket = (s3: string) =>
  `buckets:\n  - name: a\n    path_prefix: /a\n    s3:\n${s3.replaceAll(/^/gm, '      ')}\n`
const replica = (name: string, priority: number, more = '') =>
  `  - { name: ${name}, priority: ${priority}, bucket: b-${name}, region: us-east-1${more} }`
const replicas = (...items: readonly string[]) => `replicas:\n${items.join('\n')}`
const two = replicas(replica('one', 1), replica('two', 2))
const besides = 'cannot stand beside replicas, each of which has its own'

const cases: readonly (readonly [s3: string, ...problems: string[]])[] = [
  ['bucket: my-products', 'region (line 4): is required'],
  ['region: us-east-1', 'bucket (line 4): is required'],
  ['timeout_seconds: 3', 'bucket (line 4): is required', 'region (line 4): is required'],
  ['bucket: ""\nregion:', 'bucket (line 5): is required', 'region (line 6): is required'],
  ['replicas: []', 'replicas (line 5): must not be empty'],
  ['replicas: { name: a }', 'replicas (line 5): must be a list, not a map'],
  [`bucket: b-1\n${two}`, `bucket (line 5): ${besides}`],
  [
    `region: r\nendpoint: "http://h:9000"\naccess_key: AK\nsecret_key: SK\nsession_token: T\nforce_path_style: true\nanonymous: false\n${two}`,
    ...['region', 'endpoint', 'access_key', 'secret_key', 'session_token', 'force_path_style', 'anonymous'].map(
      (key, index) => `${key} (line ${5 + index}): ${besides}`,
    ),
  ],
  [
    'replicas:\n  - {}',
    ...['name', 'priority', 'bucket', 'region'].map((key) => `replicas[0].${key} (line 6): is required`),
  ],
  [
    replicas(replica('one', 1), replica('two', 2), replica('one', 3)),
    'replicas[2].name (line 8): repeats buckets[0].s3.replicas[0].name',
  ],
  [
    replicas(replica('one', 1), replica('two', 2), replica('three', 2)),
    'replicas[2].priority (line 8): repeats buckets[0].s3.replicas[1].priority',
  ],
  [replicas(replica('one', 0)), 'replicas[0].priority (line 6): must be at least 1'],
  [replicas(replica('one', 1.5)), 'replicas[0].priority (line 6): must be a whole number'],
  [
    replicas(replica('"a b"', 1)).replace('b-"a b"', 'b-1'),
    'replicas[0].name (line 6): must be 1 to 64 letters, digits, dots, underscores or hyphens',
  ],
  [replicas(replica('one', 1, ', prority: 2')), 'replicas[0].prority (line 6): unknown key, did you mean "priority"?'],
  [replicas(replica('one', 1, ', access_key: AK')), 'replicas[0].access_key (line 6): needs secret_key beside it'],
  [
    replicas(replica('one', 1, ', anonymous: true, session_token: T')),
    'replicas[0].anonymous (line 6): excludes access_key, secret_key and session_token',
  ],
  [
    replicas(replica('One', 1)),
    'replicas[0].bucket (line 6): cannot be part of a host name; set force_path_style: true',
  ],
  [replicas(replica('one', 1, ', timeout_seconds: 0')), 'replicas[0].timeout_seconds (line 6): must be at least 0.001'],
  [
    replicas(replica('one', 1, ', connection_pool_size: 0')),
    'replicas[0].connection_pool_size (line 6): must be at least 1',
  ],
  [`${two}\nhedging: { budget: 0 }`, 'hedging.budget (line 8): must be at least 0.001'],
  [`${two}\nhedging: { budget: 1.1 }`, 'hedging.budget (line 8): must be at most 1'],
  ...['failure_threshold', 'success_threshold', 'half_open_max_requests'].map(
    (key) => [`${two}\ncircuit_breaker: { ${key}: 0 }`, `circuit_breaker.${key} (line 8): must be at least 1`] as const,
  ),
  [
    `${two}\ncircuit_breaker: { timeout_seconds: 0 }`,
    'circuit_breaker.timeout_seconds (line 8): must be at least 0.001',
  ],
]

for (const [s3, ...problems] of cases) {
  test(`an s3 of ${s3.trim().replaceAll(/\s+/g, ' ')} is refused`, () => {
    assert.deepEqual(
      problemsOf(inBucket(s3)),
      problems.map((problem) => `buckets[0].s3.${problem}`),
    )
  })
}

const originsOf = (s3: string) => configOf(inBucket(s3)).buckets[0]?.s3.replicas ?? []

test('a single origin is a replica without a name', () => {
  assert.deepEqual(originOf(oneBucket), {
    name: '',
    bucket: 'my-products',
    region: 'us-east-1',
    endpoint: undefined,
    credentials: { kind: 'default-chain' },
    forcePathStyle: false,
    connections: 50,
    timeoutMs: 20_000,
  })
})

test('replicas come the best first, wherever they stand', () => {
  const found = originsOf(replicas(replica('c', 30), replica('a', 1), replica('b', 2)))
  assert.deepEqual(
    found.map(({ name, bucket }) => [name, bucket]),
    [
      ['a', 'b-a'],
      ['b', 'b-b'],
      ['c', 'b-c'],
    ],
  )
})

test('each replica is reached in its own way, and has the bucket’s time and connections unless it says otherwise', () => {
  const own = ', endpoint: "http://h:9000/", access_key: AK, secret_key: SK, timeout_seconds: 0.5'
  const open = ', anonymous: true, connection_pool_size: 7'
  const all = replicas(replica('one', 1, own), replica('two', 2, open), replica('three', 3))
  const [one, two, three] = originsOf(`${all}\ntimeout_seconds: 3\nconnection_pool_size: 9`)
  assert.deepEqual([one?.endpoint, one?.forcePathStyle], ['http://h:9000', true])
  assert.deepEqual(one?.credentials, { kind: 'static', accessKeyId: 'AK', secretAccessKey: 'SK' })
  assert.deepEqual([two?.credentials, three?.credentials], [{ kind: 'anonymous' }, { kind: 'default-chain' }])
  assert.deepEqual(
    [one, two, three].map((found) => [found?.timeoutMs, found?.connections]),
    [
      [500, 9],
      [3000, 7],
      [3000, 9],
    ],
  )
})

test('two replicas may be in one place', () => {
  const same = ', endpoint: "http://h:9000"'
  assert.equal(originsOf(replicas(replica('one', 1, same), replica('two', 2, same))).length, 2)
})

test('breaker and hedging have defaults, and hedging is off', () => {
  const defaults = configOf(oneBucket).buckets[0]?.s3
  assert.deepEqual(defaults?.breaker, { failureThreshold: 5, successThreshold: 2, openForMs: 30_000, maxProbes: 3 })
  assert.equal(defaults?.hedging, undefined)

  const breaker = 'failure_threshold: 1, success_threshold: 4, timeout_seconds: 0.25, half_open_max_requests: 6'
  const said = configOf(inBucket(`${two}\nhedging: { enabled: true }\ncircuit_breaker: { ${breaker} }`)).buckets[0]?.s3
  assert.deepEqual(said?.breaker, { failureThreshold: 1, successThreshold: 4, openForMs: 250, maxProbes: 6 })
  assert.deepEqual(said?.hedging, { budget: 0.05 })

  const off = configOf(inBucket(`${two}\nhedging: { enabled: false, budget: 0.5 }`)).buckets[0]?.s3
  assert.equal(off?.hedging, undefined)
})

test('how many requests are served at a time, how many wait, and whether the file is watched', () => {
  const { server, configWatch } = configOf(oneBucket)
  assert.deepEqual([server.maxConcurrentRequests, server.queueSize, configWatch], [10_000, 0, false])
  const said = configOf(`config_watch: true\nserver: { max_concurrent_requests: 1, queue_size: 5 }\n${oneBucket}`)
  assert.deepEqual([said.server.maxConcurrentRequests, said.server.queueSize, said.configWatch], [1, 5, true])
  assert.deepEqual(
    problemsOf(`config_watch: yes\nserver: { max_concurrent_requests: 0, queue_size: -1 }\n${oneBucket}`),
    [
      'config_watch (line 1): must be true or false',
      'server.max_concurrent_requests (line 2): must be at least 1',
      'server.queue_size (line 2): must be at least 0',
    ],
  )
})

test('a wait for the origin that is as long as that of the whole request comes with a warning', () => {
  const says = (seconds: number) =>
    `is not below server.request_timeout_seconds (${seconds}): an origin that never answers is not found out`
  assert.deepEqual(warningsOf(inBucket('bucket: my-products\nregion: r\ntimeout_seconds: 29')), [])
  assert.deepEqual(warningsOf(inBucket('bucket: my-products\nregion: r\ntimeout_seconds: 30')), [
    `buckets[0].s3.timeout_seconds (line 7): ${says(30)}`,
  ])
  const short = `server: { request_timeout_seconds: 10 }\n`
  const mixed = replicas(replica('one', 1, ', timeout_seconds: 5'), replica('two', 2))
  assert.deepEqual(warningsOf(short + inBucket(mixed)), [
    `buckets[0].s3.replicas[1].timeout_seconds (line 8): ${says(10)}`,
  ])
})
