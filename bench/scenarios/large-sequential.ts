/** Does memory stay bounded when many readers stream an object far larger than the cache? */
import { runCrowd } from '../rig/crowd-load.ts'
import type { Scenario } from '../rig/scenario.ts'

export const largeSequential: Scenario = {
  name: 'large-sequential',
  question: 'How fast do 20 readers stream an object far larger than the cache, and in how much memory?',
  load:
    '20 readers of one cold 2 GiB object start together (closed loop, one request each), every byte checked; 64 MB of ' +
    'cache. RSS holds no page cache, where nginx keeps its files',
  cache: { cacheMb: 64, maxItemMb: 10 },
  run: (target, round) => runCrowd(target, round, { size: 2 * 2 ** 30, readers: 20, overMs: 0 }),
}
