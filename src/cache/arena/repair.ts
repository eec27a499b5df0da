/** What a worker that died has left behind, put right by whoever outlives it. */

import { Accounts } from './accounts.ts'
import { type ArenaHandle, control, readerPlaces, segmentRow as row } from './layout.ts'
import { ThreadLocks } from './locks.ts'
import { ArenaMemory } from './memory.ts'
import { Pins } from './pins.ts'
import { Segments, state } from './segments.ts'
import { SlotIndex } from './slot-index.ts'

/** No worker's number. */
const repairer = 0x7fff

export interface Repaired {
  readonly locks: number
  readonly pins: number
}

/**
 * To be called once the thread of `worker` has ended and its sockets are closed: nobody reads what it pinned any more. Its
 * number may be given to another worker afterwards. Nobody else repairs meanwhile.
 */
export function repairAfter(worker: number, handle: ArenaHandle): Repaired {
  const memory = new ArenaMemory(handle)
  const { words, layout } = memory
  const owner = worker + 1
  const locks = new ThreadLocks(words, repairer)
  const pins = new Pins(words, layout, worker)
  const segments = new Segments(memory, locks, pins, repairer)
  const index = new SlotIndex(memory, pins)
  const accounts = new Accounts(memory, index)
  let taken = 0
  const takeOver = (lock: number, putRight: () => void) => {
    if (!locks.takeOver(lock, owner)) return
    taken += 1
    putRight()
    locks.give(lock)
  }
  takeOver(control.appendLock, () => segments.closeLost())
  takeOver(control.cleanLock, () => forgetFinished(memory, segments))
  takeOver(control.namesLock, () => undefined)
  for (let stripe = 0; stripe < layout.stripes; stripe++) {
    takeOver(index.lockOf(stripe), () => accounts.recount(stripe))
  }
  const dropped = pins.dropAllOf(worker)
  for (let segment = 0; segment < layout.segmentCount; segment++) segments.finishFreeing(segment, owner)
  const readers = layout.readers + worker * readerPlaces
  for (let at = readers; at < readers + readerPlaces; at++) Atomics.store(words, at, 0)
  return { locks: taken, pins: dropped }
}

/** A victim that is not being cleaned: it was told before its state, or drained before it was untold. */
function forgetFinished({ words }: ArenaMemory, segments: Segments): void {
  const victim = (words[control.victim] as number) - 1
  if (victim < 0) return
  const now = Atomics.load(words, segments.rowOf(victim) + row.state)
  if (now !== state.cleaningProbation && now !== state.cleaningMain) Atomics.store(words, control.victim, 0)
}
