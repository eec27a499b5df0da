import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemoryConfig } from '../../../src/config/config.ts'
import { fillBytesOf } from '../../../src/config/memory-budget.ts'
import { configOf, oneBucket, problemsOf } from './parse-yaml.ts'

const MiB = 1024 * 1024
const memoryOf = (megabytes: number) => `cache: { enabled: true, memory: { max_cache_size_mb: ${megabytes} } }\n`
const tiersOf = (megabytes: number) =>
  `cache: { enabled: true, cache_layers: [memory, disk], memory: { max_cache_size_mb: ${megabytes} }, disk: { enabled: true } }\n`
const tokens = 'jwt: { enabled: true, secret: a-secret-of-thirty-two-letters-x, algorithm: HS256 }\n'
const limits = 'rate_limiting: { enabled: true, per_ip: { requests_per_second: 9 } }\n'
const server = (settings: string) => `server: { ${settings} }\n`

function memoryConfig(text: string): MemoryConfig {
  return configOf(text + oneBucket).server.memory
}

const budgets: readonly (readonly [about: string, text: string, fillMegabytes: number])[] = [
  ['without a budget it is 256 MB', '', 256],
  ['all of the budget, where nothing is cached', server('memory_budget_mb: 100'), 100],
  ['the budget less the memory tier', server('memory_budget_mb: 600') + memoryOf(500), 100],
  [
    'less writes to slower tiers, and a quarter for the index of the disk',
    server('memory_budget_mb: 600') + tiersOf(500),
    39,
  ],
  ['less 6 MB for each limit that tells clients apart', server('memory_budget_mb: 600') + limits, 594],
  ['less 16 MB for verified tokens', server('memory_budget_mb: 600') + tokens, 584],
  ['on each thread', server('memory_budget_mb: 600, workers: 3') + tokens, 552],
  ['but no more than an eighth of what there is', server('memory_budget_mb: 80') + tokens, 70],
  [
    'less what more than seven threads may have to write',
    server('memory_budget_mb: 600, workers: 15') + tiersOf(400),
    78,
  ],
]

for (const [about, text, fillMegabytes] of budgets) {
  test(`what is on its way from the origin has memory: ${about}`, () => {
    assert.equal(fillBytesOf(memoryConfig(text)), fillMegabytes * MiB)
  })
}

test('what can be smaller shares a part of the budget, and has no bound of it without one', () => {
  const budget = memoryConfig(server('memory_budget_mb: 80, workers: 2') + tokens)
  assert.equal(budget.verifierBytes, 5 * MiB)
  assert.equal(memoryConfig(server('workers: 2') + tokens).verifierBytes, 16 * MiB)
  assert.equal(memoryConfig(server('memory_budget_mb: 600') + tiersOf(500)).indexBytes, 13 * MiB)
  assert.equal(memoryConfig(tiersOf(500)).indexBytes, undefined)
})

test('the index has no more than the records that the disk has room for', () => {
  const small = tiersOf(100).replace('disk: { enabled: true }', 'disk: { enabled: true, max_disk_cache_size_mb: 1024 }')
  assert.equal(memoryConfig(server('memory_budget_mb: 2000') + small).indexBytes, 64 * MiB)
})

test('a budget that leaves too little is refused with the sum', () => {
  const whole = server('memory_budget_mb: 606') + tiersOf(552) + limits + oneBucket
  assert.deepEqual(problemsOf(whole), [
    'server.memory_budget_mb (line 1): is too small: 606 MB less 552 MB for the memory tier, 48 MB for writes to disk, 4 MB for the index of the disk and 6 MB for counts of rate limits leaves -4 MB for what is on its way from the origin, which needs 16 MB',
  ])
  assert.deepEqual(problemsOf(`server: { memory_budget_mb: 1 }\n${oneBucket}`), [
    'server.memory_budget_mb (line 1): is too small: 1 MB leaves 1 MB for what is on its way from the origin, which needs 16 MB',
  ])
})
