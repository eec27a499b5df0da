import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { guarded } from '../../src/cache/tier-guards.ts'
import { createRemoteTier, tierCalls } from '../../src/workers/remote-tier.ts'
import { openTier } from '../support/disk-folders.ts'
import { linkedSides } from '../support/linked-sides.ts'
import { TierEventLog } from '../support/tier-event-log.ts'
import { cacheTierContract } from './cache-tier.contract.ts'

const root = mkdtempSync(join(tmpdir(), 'yatagarasu-remote-'))
after(() => rmSync(root, { recursive: true }))
let folders = 0

/** A disk tier of another thread, which alone counts what is in it. */
cacheTierContract(
  'disk of another thread',
  async ({ maxBytes }) => {
    const disk = await openTier(join(root, `${folders++}`), { maxBytes })
    const ports = { clock: systemClock, events: new TierEventLog() }
    const sides = linkedSides(tierCalls([guarded(disk, 10_000, false, ports)]))
    const remote = createRemoteTier('disk', sides.near)
    return {
      ...remote,
      usage: () => disk.usage(),
      async close() {
        await remote.close()
        await disk.close()
        await sides.close()
      },
    }
  },
  { boundsTierAlone: true },
)
