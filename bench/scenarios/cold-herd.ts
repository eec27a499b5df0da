/** When a crowd asks for one large object that is not cached, how often is each byte fetched, and what do readers wait? */
import { runCrowd } from '../rig/crowd-load.ts'
import type { Scenario } from '../rig/scenario.ts'

export const coldHerd: Scenario = {
  name: 'cold-herd',
  question: 'When a crowd asks for one large cold object, how often is each byte fetched, and what do readers wait?',
  load: '200 readers of one 50 MiB object arrive evenly over 2 s (open loop), every byte checked; 64 MB of cache',
  cache: { cacheMb: 64, maxItemMb: 10 },
  run: (target, round) => runCrowd(target, round, { size: 50 * 2 ** 20, readers: 200, overMs: 2_000 }),
}
