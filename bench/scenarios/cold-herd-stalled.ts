/** Does a first reader that stops reading hold up those behind it? */
import { runCrowd } from '../rig/crowd-load.ts'
import type { Scenario } from '../rig/scenario.ts'

export const coldHerdStalled: Scenario = {
  name: 'cold-herd-stalled',
  question: 'Does a first reader that takes no byte for 5 s hold up the crowd behind it?',
  load:
    '200 readers of one 50 MiB object arrive evenly over 2 s (open loop), every byte checked; the first one stalls ' +
    'for 5 s after its first bytes and is left out of the times; 64 MB of cache',
  cache: { cacheMb: 64, maxItemMb: 10 },
  run: (target, round) =>
    runCrowd(target, round, { size: 50 * 2 ** 20, readers: 200, overMs: 2_000, firstStallMs: 5_000 }),
}
