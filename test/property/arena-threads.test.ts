import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stressArena } from '../support/arena-stress.ts'

test('threads that read, write, throw and are ended at random see no wrong byte, and leave exact counts', async () => {
  const result = await stressArena({ ms: 4000, workers: 3, seed: 1, slownessPercent: 20, deathEveryMs: 60 })
  assert.ok(result.hits > 100 && result.puts > 100 && result.deaths > 0, JSON.stringify(result))
})

test('threads at full speed do as well', async () => {
  const result = await stressArena({ ms: 2000, workers: 2, seed: 2, slownessPercent: 0, deathEveryMs: 150 })
  assert.ok(result.hits > 1000 && result.puts > 100, JSON.stringify(result))
})
