import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Abandoned, ProxyError } from '../../src/base/errors.ts'
import type { Release } from '../../src/limits/concurrency.ts'
import { HubSlots } from '../../src/limits/hub-slots.ts'
import { SlotMemory, slotWords } from '../../src/limits/slot-memory.ts'
import { ThreadSlots } from '../../src/limits/thread-slots.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { fc } from '../support/fast-check.ts'

interface Bounds {
  readonly max: number
  readonly queue: number
  readonly buckets: readonly string[]
}

interface Held {
  readonly bucket: string
  readonly release: Release
}

/** One thread: its slots, those of its requests that have one, and those that wait. */
interface Thread {
  readonly slots: ThreadSlots
  readonly clock: FakeClock
  readonly held: Held[]
  readonly waiting: Map<AbortController, string>
}

const waitLimitMs = 60_000
const workers = [1, 2, 3]
/** One for those beyond and two more: of three buckets, one has to do without. */
const rows = 4

const isOverload = (error: unknown) => error instanceof ProxyError && error.code === 'Overloaded'
const count = (places: readonly string[], bucket: string) => places.filter((other) => other === bucket).length

class Process {
  readonly hub: HubSlots
  #bounds: Bounds
  readonly #hubClock = new FakeClock()
  readonly #threads = new Map<number, Thread>()
  /** Threads that are to be told something. */
  readonly #calls: number[] = []

  constructor(bounds: Bounds) {
    this.#bounds = bounds
    const options = { ...bounds, waitLimitMs, threads: workers.length + 1, rows }
    this.hub = new HubSlots(options, { clock: this.#hubClock, wake: (thread) => this.#calls.push(thread) })
    for (const thread of workers) this.#start(thread)
  }

  get #all(): readonly Thread[] {
    return [...this.#threads.values()]
  }

  readonly steps = {
    take: (thread: Thread, choice: number) => {
      const bucket = this.#bounds.buckets[choice % this.#bounds.buckets.length] ?? ''
      const client = new AbortController()
      const hold = (release: Release) => void thread.held.push({ bucket, release })
      try {
        const slot = thread.slots.take(bucket, { signal: client.signal })
        if (!(slot instanceof Promise)) return hold(slot)
        thread.waiting.set(client, bucket)
        const noMore = () => thread.waiting.delete(client)
        slot.then(hold, (reason) => assert.ok(reason instanceof Abandoned)).then(noMore, assert.ifError)
      } catch (error) {
        assert.ok(isOverload(error))
      }
    },
    give: ({ held }: Thread, choice: number) => {
      held.splice(choice % Math.max(1, held.length), 1)[0]?.release()
    },
    leave: ({ waiting }: Thread, choice: number) => {
      const client = [...waiting.keys()][choice % Math.max(1, waiting.size)]
      client?.abort(new Abandoned('gone'))
    },
    call: () => {
      const thread = this.#calls.shift()
      if (thread !== undefined) this.#threads.get(thread)?.slots.collect()
    },
    callGoesAstray: () => {
      this.#calls.shift()
    },
    die: (_: Thread, choice: number) => {
      const thread = workers[choice % workers.length] ?? 1
      this.#leaveInDisorder(thread, choice)
      void this.hub.forget(thread)
      this.#start(thread)
    },
  } satisfies Record<string, (thread: Thread, choice: number) => void>

  async step(name: keyof Process['steps'], worker: number, choice: number): Promise<void> {
    const thread = this.#threads.get(worker)
    assert.ok(thread !== undefined)
    this.steps[name](thread, choice)
    await turn()
  }

  adjust(bounds: Bounds): void {
    this.#bounds = bounds
    this.hub.adjust({ ...bounds, waitLimitMs })
  }

  /** Whoever was not called has looked by then. */
  async settle(): Promise<void> {
    for (const { clock } of this.#all) await clock.advance(100)
    await turn()
  }

  check(): void {
    const held = this.#all.flatMap((thread) => thread.held.map(({ bucket }) => bucket))
    const waiting = this.#all.flatMap((thread) => [...thread.waiting.values()])
    assert.deepEqual([this.hub.taken, this.hub.waiting], [held.length, waiting.length])
    const { max, queue, buckets } = this.#bounds
    assert.ok(held.length <= max && waiting.length <= queue)
    if (buckets.length >= rows) return
    const promised = Math.floor(max / (2 * buckets.length))
    const commonTaken = buckets.map((bucket) => Math.max(0, count(held, bucket) - promised))
    const commonLeft = max - buckets.length * promised - commonTaken.reduce((sum, taken) => sum + taken, 0)
    assert.ok(waiting.length === 0 || commonLeft === 0, 'nobody waits for what is free')
    for (const bucket of waiting) assert.ok(count(held, bucket) >= promised, 'nor for what is promised')
  }

  /** Everything is given back, also to those who wait; then there is as much as in the beginning. */
  async end(): Promise<void> {
    while (this.#all.some(({ held, waiting }) => held.length + waiting.size > 0)) {
      for (const { held } of this.#all) for (const { release } of held.splice(0)) release()
      await this.settle()
    }
    assert.deepEqual([this.hub.taken, this.hub.waiting], [0, 0])
    for (let request = 0; request < this.#bounds.max; request++) await this.step('take', 1, request)
    const taken = Math.min(this.#bounds.max, this.hub.taken)
    assert.ok(this.#bounds.buckets.length >= rows || taken === this.#bounds.max, `${taken}`)
  }

  #start(thread: number): void {
    const clock = new FakeClock()
    const slots = new ThreadSlots(this.hub.handle, thread, { clock, wake: (other) => this.#calls.push(other) })
    this.#threads.set(thread, { slots, clock, held: [], waiting: new Map() })
  }

  /** As if it had died amid something: with the lock, and with nothing right but what the others have and wait for. */
  #leaveInDisorder(thread: number, choice: number): void {
    if (choice % 3 === 0) return
    const memory = new SlotMemory(this.hub.handle)
    const { slots, queue, held, queued, granted, rowTurns, cellTurns, isWoken, lastTurn, words } = memory
    words[slotWords.lock] = thread + 1
    for (const column of [slots.taken, queue.taken, rowTurns, cellTurns, lastTurn, isWoken]) column.fill(choice % 2)
    for (const { whole } of [slots, queue]) whole.fill(choice, 1)
    for (const column of [held, queued, granted]) column.fill(choice, thread * rows, (thread + 1) * rows)
  }
}

const bounds = fc.record({
  max: fc.integer({ min: 1, max: 6 }),
  queue: fc.integer({ min: 0, max: 12 }),
  buckets: fc.constantFrom(['a'], ['a', 'b'], ['a', 'b', 'c'], ['d', 'b'], ['a', 'b', 'c', 'd', 'e']),
})
const step = fc.record({
  name: fc.constantFrom(
    ...(['take', 'take', 'take', 'take', 'give', 'give', 'leave', 'call', 'callGoesAstray', 'die'] as const),
  ),
  worker: fc.constantFrom(...workers),
  choice: fc.nat({ max: 100 }),
})

test('whichever threads end amid whatever, slots are never more than there are, and nobody is forgotten', async () => {
  await fc.assert(
    fc.asyncProperty(bounds, fc.array(step, { maxLength: 80, size: 'max' }), async (chosen, steps) => {
      const process = new Process(chosen)
      for (const { name, worker, choice } of steps) {
        await process.step(name, worker, choice)
        if (choice % 5 !== 0) continue
        await process.settle()
        process.check()
      }
      await process.end()
    }),
    { numRuns: 500 },
  )
})

test('buckets come and go while requests are under way, and every slot is there in the end', async () => {
  const play = fc.array(fc.tuple(bounds, fc.array(step, { maxLength: 12, size: 'max' })), { maxLength: 8, size: 'max' })
  await fc.assert(
    fc.asyncProperty(bounds, play, async (first, changes) => {
      const process = new Process(first)
      for (const [next, steps] of changes) {
        for (const { name, worker, choice } of steps) await process.step(name, worker, choice)
        process.adjust(next)
      }
      await process.end()
    }),
    { numRuns: 300 },
  )
})
