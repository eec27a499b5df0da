/** One of the threads of a stress: takes slots and gives them back for as long as it is let. */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { seededRandom } from '../../bench/rig/zipf-streams.ts'
import { systemClock } from '../../src/base/clock.ts'
import { ProxyError } from '../../src/base/errors.ts'
import type { Release } from '../../src/limits/concurrency.ts'
import { ThreadSlots } from '../../src/limits/thread-slots.ts'
import type { SlotStressTask } from './slot-stress.ts'

const { handle, thread, seed, buckets, tally, isOver } = workerData as SlotStressTask
const hub = parentPort as MessagePort
const random = seededRandom(seed)
const slots = new ThreadSlots(handle, thread, { clock: systemClock, wake: (other) => hub.postMessage({ wake: other }) })
hub.on('message', () => slots.collect())

const count = { taken: 0, waited: 0, refused: 0, most: 0 }
let underWay = 0

/**
 * Counted after it was taken and until it is given back, for this thread and, within that time, for all: a death between the
 * two makes the sum of all too small, never too large.
 */
function hold(release: Release): void {
  count.taken += 1
  Atomics.add(tally, thread, 1)
  count.most = Math.max(count.most, Atomics.add(tally, 0, 1) + 1)
  const end = () => {
    Atomics.sub(tally, 0, 1)
    Atomics.sub(tally, thread, 1)
    release()
    underWay -= 1
  }
  if (random() < 0.5) setImmediate(end)
  else setTimeout(end, random() * 3)
}

function wait(slot: Promise<Release>, client: AbortController): void {
  count.waited += 1
  if (random() < 0.2) setTimeout(() => client.abort(), random() * 3)
  slot.then(hold, () => {
    underWay -= 1
  })
}

function ask(): void {
  const client = new AbortController()
  underWay += 1
  try {
    const slot = slots.take(buckets[Math.floor(random() * buckets.length)] ?? '', client)
    if (slot instanceof Promise) wait(slot, client)
    else hold(slot)
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error
    count.refused += 1
    underWay -= 1
  }
}

function turn(): void {
  const isLast = Atomics.load(isOver, 0) === 1
  for (let request = 0; request < 10 && underWay < 20 && !isLast; request++) ask()
  hub.postMessage({ ...count })
  Object.assign(count, { taken: 0, waited: 0, refused: 0, most: 0 })
  if (isLast && underWay === 0) hub.close()
  else setImmediate(turn)
}

turn()
