/**
 * The shared memory tier under threads that read, write, throw and are ended at random, for as long as asked: every byte
 * and version checked, then every invariant. `node bench/arena-stress.ts [SECONDS] [WORKERS] [SEED]`
 */

import { stressArena } from '../test/support/arena-stress.ts'

const [seconds = 30, workers = 4, seed = Math.floor(performance.now() * 1000)] = process.argv.slice(2).map(Number)
for (const slownessPercent of [20, 0]) {
  const options = { ms: seconds * 1000, workers, seed, slownessPercent, deathEveryMs: 80 }
  console.log(JSON.stringify(options))
  console.log(JSON.stringify(await stressArena(options)))
}
