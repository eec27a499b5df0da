/** What does a miss cost, from the request to the stored object, when no key ever comes twice? */
import { describeChecked, runChecked, warmUp } from '../rig/checked-load.ts'
import { type CheckedRequest, wholeObject } from '../rig/load.ts'
import { benchObject } from '../rig/object-content.ts'
import { defaultCache, type Scenario } from '../rig/scenario.ts'

const shape = { connections: 50, rate: 1_000 }
/** More keys than any round can use. */
const keysPerRound = 10_000_000

export const coldUnique: Scenario = {
  name: 'cold-unique',
  question: 'What does a miss of a small object cost?',
  load:
    `1 KiB objects, each asked for once; ${describeChecked(shape)}. Where client and origin share a core, they set the ` +
    'limit of requests/s: CPU/request is the number to compare. nginx-proxy keeps nothing and signs nothing',
  cache: defaultCache,
  rivals: ['nginx', 'nginx-proxy', 'varnish'],
  prepare: (target) => warmUp(target, { ...shape, next: newKeys(0) }),
  run: (target, round) => runChecked(target, { ...shape, next: newKeys(round + 1) }),
}

function newKeys(lot: number): () => CheckedRequest {
  let key = lot * keysPerRound
  return () => {
    key += 1
    return wholeObject(benchObject(1024, key))
  }
}
