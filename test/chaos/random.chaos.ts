/**
 * Troubles together, by random schedules. `CHAOS_SEEDS=1,2,3` runs these, again and again the same; without, new ones
 * every time, which a failure tells.
 */
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { endureRandom } from './chaos.ts'

const seconds = Number(process.env['CHAOS_SECONDS'] ?? 60)
const runs = 5
const given = process.env['CHAOS_SEEDS']?.split(',').map(Number)

for (const seed of given ?? Array.from({ length: runs }, () => randomInt(2 ** 31))) {
  test(`troubles of seed ${seed} for ${seconds} s: every byte is right, and so is everything afterwards`, async (t) => {
    await endureRandom(t, seed, seconds)
  })
}
