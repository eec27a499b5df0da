import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { configOf, oneBucket, problemsOf } from './parse-yaml.ts'

const workersOf = (server: string) => configOf(`server: { ${server} }\n${oneBucket}`).server.workers

test('one thread serves requests, as many as are asked for, or as many as there are cores', () => {
  assert.equal(configOf(oneBucket).server.workers, 1)
  assert.equal(workersOf('workers: 4'), 4)
  assert.equal(workersOf('workers: auto'), availableParallelism())
})

for (const [said, problem] of [
  ['0', 'must be at least 1'],
  ['257', 'must be at most 256'],
  ['1.5', 'must be a whole number'],
] as const) {
  test(`workers: ${said} ${problem}`, () => {
    assert.deepEqual(problemsOf(`server: { workers: ${said} }\n${oneBucket}`), [`server.workers (line 1): ${problem}`])
  })
}

test('a memory tier that threads share evicts in its own way, and has a largest size', () => {
  const problems = (workers: number) =>
    problemsOf(
      `server: { workers: ${workers} }
cache: { enabled: true, memory: { eviction: lru, max_cache_size_mb: 40000 } }
${oneBucket}`,
    )
  assert.deepEqual(problems(1), [])
  assert.deepEqual(problems(2), [
    'cache.memory.eviction (line 2): must be s3gd with more than one of server.workers: a memory tier that threads share knows no lru',
    'cache.memory.max_cache_size_mb (line 2): must not be above 32768 with more than one of server.workers',
  ])
})
