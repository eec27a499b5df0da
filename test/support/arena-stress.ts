/** Threads that read, write and die on one arena, and everything that must hold during it and afterwards. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { seededRandom } from '../../bench/rig/zipf-streams.ts'
import { Arena } from '../../src/cache/arena/arena.ts'
import { type ArenaHandle, createArena } from '../../src/cache/arena/layout.ts'
import { repairAfter } from '../../src/cache/arena/repair.ts'
import { checkArena } from './arena-check.ts'
import { recordOfKey } from './arena-records.ts'
import { arenaVariant } from './arena-variant.ts'

/** What is known of each key, in shared words. */
export const stressWords = { owner: 0, begun: 1, done: 2, perKey: 4 } as const

export interface StressTask {
  readonly arenaUrl: string
  readonly handle: ArenaHandle
  readonly worker: number
  readonly seed: number
  readonly keys: number
  readonly versions: Int32Array
  readonly isOver: Int32Array
  /** Of the steps, how many are made to take long. */
  readonly slownessPercent: number
}

export interface StressOptions {
  readonly ms: number
  readonly workers: number
  readonly seed: number
  readonly slownessPercent: number
  /** Threads are ended at random, so many milliseconds apart on the mean. 0: none. */
  readonly deathEveryMs: number
}

export interface StressResult {
  operations: number
  hits: number
  puts: number
  refused: number
  removals: number
  thrown: number
  stale: number
  wrong: string
  deaths: number
  locksTaken: number
  pinsTaken: number
  longestRepairMs: number
}

const keys = 500

export async function stressArena(options: StressOptions): Promise<StressResult> {
  using variant = arenaVariant()
  const stress = new Stress(options, variant.urlOf('arena.ts'))
  await stress.run()
  return stress.result
}

class Stress {
  readonly result: StressResult = {
    ...{ operations: 0, hits: 0, puts: 0, refused: 0, removals: 0, thrown: 0, stale: 0, wrong: '' },
    ...{ deaths: 0, locksTaken: 0, pinsTaken: 0, longestRepairMs: 0 },
  }
  readonly #options: StressOptions
  readonly #arenaUrl: string
  readonly #handle: ArenaHandle
  readonly #random: () => number
  readonly #versions = new Int32Array(new SharedArrayBuffer(keys * stressWords.perKey * 4))
  readonly #isOver = new Int32Array(new SharedArrayBuffer(4))
  readonly #threads: Worker[] = []
  /** Those that have done something since they were started. */
  readonly #atWork = new Set<number>()

  constructor(options: StressOptions, arenaUrl: string) {
    this.#options = options
    this.#arenaUrl = arenaUrl
    this.#random = seededRandom(options.seed)
    this.#handle = createArena({
      maxBytes: 3 * 2 ** 20,
      workers: options.workers + 1,
      maxBuckets: 4,
      sliceBytes: 2 ** 17,
    })
  }

  async run(): Promise<void> {
    const { ms, workers, deathEveryMs } = this.#options
    for (let worker = 0; worker < workers; worker++) this.#start(worker)
    const end = performance.now() + ms
    while (performance.now() < end && this.result.wrong === '') {
      await pause(deathEveryMs > 0 ? deathEveryMs * 2 * this.#random() : 100)
      const worker = Math.floor(this.#random() * workers)
      if (deathEveryMs === 0 || !this.#atWork.delete(worker)) continue
      this.result.deaths += 1
      await this.#threads[worker]?.terminate()
    }
    Atomics.store(this.#isOver, 0, 1)
    await Promise.all(this.#threads.map((thread) => once(thread, 'exit')))
    assert.deepEqual([this.result.wrong, this.result.stale], ['', 0])
    checkArena(this.#handle, workers)
    this.#fillUp()
  }

  #start(worker: number): void {
    const seed = Math.floor(this.#random() * 2 ** 31)
    const task: StressTask = {
      ...{ arenaUrl: this.#arenaUrl, handle: this.#handle, worker, seed, keys },
      ...{ versions: this.#versions, isOver: this.#isOver, slownessPercent: this.#options.slownessPercent },
    }
    const thread = new Worker(new URL('./arena-stress-worker.ts', import.meta.url), { workerData: task })
    this.#threads[worker] = thread
    thread.on('message', (count: Readonly<Record<string, number>> & { readonly wrong: string }) => {
      this.#atWork.add(worker)
      this.#add(count)
    })
    thread.on('error', (error) => {
      this.result.wrong ||= String(error)
    })
    thread.on('exit', () => this.#mend(worker))
  }

  #add({ wrong, ...counts }: Readonly<Record<string, number>> & { readonly wrong: string }): void {
    const totals = this.result as unknown as Record<string, number>
    for (const [name, count] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + Number(count)
    this.result.wrong ||= wrong
  }

  #mend(worker: number): void {
    for (let key = 0; key < keys; key++) {
      Atomics.compareExchange(this.#versions, key * stressWords.perKey + stressWords.owner, worker + 1, 0)
    }
    const start = performance.now()
    const { locks, pins } = repairAfter(worker, this.#handle)
    this.result.longestRepairMs = Math.max(this.result.longestRepairMs, performance.now() - start)
    this.result.locksTaken += locks
    this.result.pinsTaken += pins
    if (Atomics.load(this.#isOver, 0) === 0) this.#start(worker)
  }

  /** No segment is lost: the arena is filled anew, several times over. */
  #fillUp(): void {
    const arena = new Arena(this.#handle, this.#options.workers, () => undefined)
    for (let key = 0; key < 4000; key++) {
      const record = recordOfKey(10_000 + key, 1, 3000)
      assert.ok(arena.put(record, arena.generationOf(record.digest)))
    }
    checkArena(this.#handle, this.#options.workers)
  }
}
