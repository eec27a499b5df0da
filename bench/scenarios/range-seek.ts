/** What does a jump inside a cached film cost? */
import { describeChecked, runChecked, warmUp } from '../rig/checked-load.ts'
import { type CheckedRequest, readOnce } from '../rig/load.ts'
import { benchObject, seededRandom } from '../rig/object-content.ts'
import type { Scenario } from '../rig/scenario.ts'

const film = benchObject(256 * 2 ** 20, 1)
const rangeBytes = 64 * 1024
const shape = { connections: 16, rate: 1_000 }

export const rangeSeek: Scenario = {
  name: 'range-seek',
  question: 'What does a random range of a large cached object cost?',
  load:
    '64 KiB ranges at random places of a cached 256 MiB object, in the same order for every server; ' +
    describeChecked(shape),
  // The object has to be allowed into memory whole for its ranges to be hits.
  cache: { cacheMb: 1024, maxItemMb: 512 },
  async prepare(target) {
    await readOnce(target.server.port, film, 0, 0)
    await warmUp(target, { ...shape, next: randomRanges(0) })
  },
  run: (target, round) => runChecked(target, { ...shape, next: randomRanges(round + 1) }),
}

function randomRanges(seed: number): () => CheckedRequest {
  const random = seededRandom(seed)
  return () => {
    const start = Math.floor(random() * (film.size - rangeBytes))
    const end = start + rangeBytes
    return { object: film, headers: { Range: `bytes=${start}-${end - 1}` }, status: 206, start, end }
  }
}
