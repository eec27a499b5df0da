import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fillBytesOf } from '../../../src/config/memory-budget.ts'
import { configOf, oneBucket, problemsOf } from './parse-yaml.ts'

const MiB = 1024 * 1024
const memoryOf = (megabytes: number) => `cache: { enabled: true, memory: { max_cache_size_mb: ${megabytes} } }\n`
const tiersOf = (megabytes: number) =>
  `cache: { enabled: true, cache_layers: [memory, disk], memory: { max_cache_size_mb: ${megabytes} }, disk: { enabled: true } }\n`

const budgets: readonly (readonly [about: string, text: string, fillMegabytes: number])[] = [
  ['without a budget it is 256 MB', '', 256],
  ['all of the budget, where nothing is cached', 'server: { memory_budget_mb: 100 }\n', 100],
  ['the budget less the memory tier', `server: { memory_budget_mb: 600 }\n${memoryOf(500)}`, 100],
  ['and less what waits for slower tiers', `server: { memory_budget_mb: 600 }\n${tiersOf(500)}`, 52],
]

for (const [about, text, fillMegabytes] of budgets) {
  test(`what is on its way from the origin has memory: ${about}`, () => {
    assert.equal(fillBytesOf(configOf(text + oneBucket).server.memory), fillMegabytes * MiB)
  })
}

test('a budget that leaves too little is refused with the sum', () => {
  assert.deepEqual(problemsOf(`server: { memory_budget_mb: 600 }\n${tiersOf(552)}${oneBucket}`), [
    'server.memory_budget_mb (line 1): is too small: 600 MB less 552 MB for the memory tier and 48 MB for writes to disk leaves 0 MB for what is on its way from the origin, which needs 16 MB',
  ])
  assert.deepEqual(problemsOf(`server: { memory_budget_mb: 1 }\n${oneBucket}`), [
    'server.memory_budget_mb (line 1): is too small: 1 MB leaves 1 MB for what is on its way from the origin, which needs 16 MB',
  ])
})
