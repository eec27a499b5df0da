import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stressSlots } from '../support/slot-stress.ts'

test('threads that end at random never have more slots than there are, and leave none taken', async () => {
  const result = await stressSlots({ ms: 3000, threads: 3, seed: 1, deathEveryMs: 80 })
  assert.ok(result.taken > 1000 && result.waited > 100 && result.deaths > 3, JSON.stringify(result))
})
