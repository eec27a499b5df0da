import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MemoryPart, watchMemory } from '../../../src/observe/memory-parts.ts'
import { createMetrics } from '../../../src/observe/metrics.ts'

function stage() {
  const metrics = createMetrics({ version: '0', node: '0' })
  let parts: readonly MemoryPart[] = []
  watchMemory(metrics, () => parts)
  return {
    metrics,
    async scrape(...now: readonly MemoryPart[]) {
      parts = now
      await metrics.registry.metrics()
    },
  }
}

test('the peak of a part is the most that a scrape has seen of it', async () => {
  const { metrics, scrape } = stage()
  for (const bytes of [5, 9, 2]) await scrape({ part: 'cache', bytes, maxBytes: 10 })
  assert.equal(metrics.memoryUsed.read('cache'), 2)
  assert.equal(metrics.memoryPeak.read('cache'), 9)
  assert.equal(metrics.memoryBudget.read('cache'), 10)
})

test('or the most that it has noted itself', async () => {
  const { metrics, scrape } = stage()
  await scrape({ part: 'fills', bytes: 1, maxBytes: 10, peakBytes: 7 })
  assert.equal(metrics.memoryPeak.read('fills'), 7)
})

test('a part without a bound is told without one', async () => {
  const { metrics, scrape } = stage()
  await scrape({ part: 'disk_index', bytes: 3, maxBytes: undefined })
  assert.deepEqual([...metrics.memoryBudget.readings()], [])
  assert.equal(metrics.memoryUsed.read('disk_index'), 3)
})
