/** Threads end all the time, shortened: `bench/worker-chaos.ts` is the whole of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endureDeaths } from '../chaos/worker-deaths.ts'

test('threads that end lose their own requests and nothing else, through purges and reloads', async (t) => {
  const seed = Number(process.env['CHAOS_SEED'] ?? 20261122)
  const findings = await endureDeaths(t, { seconds: 8, seed, workers: 3 })
  for (const { words } of findings) t.diagnostic(words)
  const broken = findings.filter(({ holds }) => !holds).map(({ words }) => words)
  assert.deepEqual(broken, [], `seed ${seed}`)
})
