/** Threads that share slots, give them back and die, and what must hold during it and afterwards. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { seededRandom } from '../../bench/rig/zipf-streams.ts'
import { systemClock } from '../../src/base/clock.ts'
import { HubSlots } from '../../src/limits/hub-slots.ts'
import type { SlotHandle } from '../../src/limits/slot-memory.ts'

export interface SlotStressTask {
  readonly handle: SlotHandle
  readonly thread: number
  readonly seed: number
  readonly buckets: readonly string[]
  /** How many slots requests have: all of them, then by thread. */
  readonly tally: Int32Array
  readonly isOver: Int32Array
}

export interface SlotStressOptions {
  readonly ms: number
  readonly threads: number
  readonly seed: number
  /** On the mean. */
  readonly deathEveryMs: number
}

const options = { max: 8, queue: 12, waitLimitMs: 20_000, buckets: ['a', 'b'] }

export async function stressSlots({ ms, threads, seed, deathEveryMs }: SlotStressOptions) {
  const result = { taken: 0, waited: 0, refused: 0, deaths: 0, most: 0 }
  const random = seededRandom(seed)
  const tally = new Int32Array(new SharedArrayBuffer((threads + 1) * 4))
  const isOver = new Int32Array(new SharedArrayBuffer(4))
  const workers = new Map<number, Worker>()
  const atWork = new Set<number>()
  const mended: Promise<void>[] = []
  const wake = (thread: number) => workers.get(thread)?.postMessage('collect')
  const hub = new HubSlots({ ...options, threads: threads + 1 }, { clock: systemClock, wake })

  const start = (thread: number): void => {
    const { handle } = hub
    const task: SlotStressTask = { handle, thread, seed: random() * 2 ** 31, buckets: options.buckets, tally, isOver }
    const worker = new Worker(new URL('./slot-stress-worker.ts', import.meta.url), { workerData: task })
    workers.set(thread, worker)
    worker.on('message', ({ wake: called, ...counts }: Partial<typeof result> & { readonly wake?: number }) => {
      if (called !== undefined) return wake(called)
      atWork.add(thread)
      for (const name of ['taken', 'waited', 'refused'] as const) result[name] += counts[name] ?? 0
      result.most = Math.max(result.most, counts.most ?? 0)
    })
    worker.on('exit', () => mended.push(mend(thread)))
  }
  const mend = async (thread: number): Promise<void> => {
    workers.delete(thread)
    Atomics.sub(tally, 0, Atomics.exchange(tally, thread, 0))
    await hub.forget(thread)
    if (Atomics.load(isOver, 0) === 0) start(thread)
  }

  for (let thread = 1; thread <= threads; thread++) start(thread)
  const end = performance.now() + ms
  while (performance.now() < end) {
    await pause(deathEveryMs * 2 * random())
    const thread = 1 + Math.floor(random() * threads)
    if (!atWork.delete(thread)) continue
    result.deaths += 1
    await workers.get(thread)?.terminate()
  }
  Atomics.store(isOver, 0, 1)
  await Promise.all([...workers.values()].map((worker) => once(worker, 'exit')))
  await Promise.all(mended)
  assert.deepEqual([hub.taken, hub.waiting], [0, 0])
  assert.ok(result.most <= options.max, `${result.most} at once`)
  return result
}
