/** What a run is told of its work, and whom it works with. */

import type { Clock } from '../base/clock.ts'
import type { Rooms } from '../cache/body-rooms.ts'
import type { CacheKey } from '../cache/cache-key.ts'
import type { RecordStore } from '../cache/tiered-store.ts'
import type { FillBudget } from './fill-budget.ts'
import type { SlicePeers } from './peers.ts'
import type { PinnedBody, PinnedQuestion } from './pinned-body.ts'

export interface RunSpec extends PinnedQuestion {
  readonly key: CacheKey
  /** First and last slice, inclusive. */
  readonly first: number
  readonly last: number
  /** An answer that is already open. Absent: the run asks by itself. */
  readonly opened?: PinnedBody
}

export interface RunPorts {
  readonly store: RecordStore
  readonly budget: FillBudget
  readonly clock: Clock
  /** For slices, of a store that copies what is put. Absent: it may keep their bytes. */
  readonly rooms?: Rooms | undefined
  /** Told of each run. Absent: this is the only thread. */
  readonly peers?: SlicePeers | undefined
}
