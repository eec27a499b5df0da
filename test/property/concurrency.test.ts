import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Abandoned, ProxyError } from '../../src/base/errors.ts'
import { createSlots, type Release, type SlotOptions, type Slots } from '../../src/limits/concurrency.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { fc } from '../support/fast-check.ts'
import { slotsOfThreads } from '../support/slots-of-threads.ts'

interface Bounds {
  readonly max: number
  readonly queue: number
  readonly buckets: readonly string[]
}

type MakeSlots = (options: SlotOptions, clock: FakeClock) => Slots

const implementations: Readonly<Record<string, MakeSlots>> = {
  'of one thread': (options, clock) => createSlots(options, { clock }),
  'shared by threads': (options, clock) => slotsOfThreads(options, 1, clock).spread,
}

type Answer = 'let in' | 'waits' | 'refused'

/** The rule in its plainest form: lists of who has what, counted anew for each question. */
class Model {
  readonly #bounds: Bounds
  /** Buckets, one for each slot and one for each place in the queue. */
  slots: string[] = []
  queue: { readonly id: number; readonly bucket: string }[] = []
  #turns: string[] = []

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  take(id: number, bucket: string): Answer {
    if (this.#hasRoom(this.slots, this.#bounds.max, bucket)) {
      this.slots.push(bucket)
      return 'let in'
    }
    const waiting = this.queue.map((entry) => entry.bucket)
    if (!this.#hasRoom(waiting, this.#bounds.queue, bucket)) return 'refused'
    this.queue.push({ id, bucket })
    if (!this.#turns.includes(bucket)) this.#turns.push(bucket)
    return 'waits'
  }

  /** Who of those that wait gets in. */
  give(bucket: string): number | undefined {
    this.slots.splice(this.slots.indexOf(bucket), 1)
    const mayEnter = this.#turns.filter((waiting) => this.#hasRoom(this.slots, this.#bounds.max, waiting))
    const [next] = mayEnter
    const entry = this.queue.find((waiting) => waiting.bucket === next)
    if (next === undefined || entry === undefined) return undefined
    this.slots.push(next)
    this.leave(entry.id)
    // Where only one may enter, that is within its part, and no turn.
    if (mayEnter.length > 1) this.#turns = this.#turns.filter((other) => other !== next)
    if (!this.#turns.includes(next) && this.queue.some((waiting) => waiting.bucket === next)) this.#turns.push(next)
    return entry.id
  }

  leave(id: number): void {
    const left = this.queue.find((entry) => entry.id === id)
    this.queue = this.queue.filter((entry) => entry.id !== id)
    if (!this.queue.some(({ bucket }) => bucket === left?.bucket))
      this.#turns = this.#turns.filter((bucket) => bucket !== left?.bucket)
  }

  #hasRoom(places: readonly string[], max: number, bucket: string): boolean {
    const { buckets } = this.#bounds
    const promised = part(max, buckets)
    const common = max - buckets.length * promised
    const commonTaken = buckets.map((other) => Math.max(0, count(places, other) - promised))
    return count(places, bucket) < promised || commonTaken.reduce((sum, taken) => sum + taken, 0) < common
  }
}

const count = (places: readonly string[], bucket: string) => places.filter((other) => other === bucket).length
const part = (max: number, buckets: readonly string[]) => Math.floor(max / (2 * buckets.length))

interface Held {
  readonly bucket: string
  readonly release: Release
}

/** The real ones beside the model. */
class Trial {
  readonly #bounds: Bounds
  readonly #model: Model
  readonly #slots: Slots
  readonly #clock = new FakeClock()
  readonly #held: Held[] = []
  readonly #leave = new Map<number, () => void>()
  #admitted: number[] = []
  #ids = 0

  constructor(make: MakeSlots, bounds: Bounds) {
    this.#bounds = bounds
    this.#model = new Model(bounds)
    this.#slots = make({ ...bounds, waitLimitMs: 1000 }, this.#clock)
  }

  readonly steps = {
    take: async (choice: number) => {
      const { buckets } = this.#bounds
      this.take(buckets[choice % buckets.length] ?? '')
    },
    give: async (choice: number) => {
      const [held] = this.#held.splice(choice % Math.max(1, this.#held.length), 1)
      if (held === undefined) return
      const next = this.#model.give(held.bucket)
      this.#admitted = []
      held.release()
      await turn()
      assert.deepEqual(this.#admitted, next === undefined ? [] : [next])
    },
    leave: async (choice: number) => {
      const waiting = this.#model.queue[choice % Math.max(1, this.#model.queue.length)]
      if (waiting === undefined) return
      this.#model.leave(waiting.id)
      this.#leave.get(waiting.id)?.()
      await turn()
    },
    wait: async () => {
      for (const { id } of this.#model.queue) this.#model.leave(id)
      await this.#clock.advance(1000)
    },
  } satisfies Record<string, (choice: number) => Promise<void>>

  take(bucket: string): Answer {
    const id = this.#ids++
    const client = new AbortController()
    const expected = this.#model.take(id, bucket)
    const answer = this.#ask(id, bucket, client.signal)
    assert.equal(answer, expected)
    if (answer === 'waits') this.#leave.set(id, () => client.abort(new Abandoned('gone')))
    return answer
  }

  check(): void {
    const { max, queue, buckets } = this.#bounds
    assert.deepEqual([this.#slots.taken, this.#slots.waiting], [this.#model.slots.length, this.#model.queue.length])
    assert.ok(this.#slots.taken <= max && this.#slots.waiting <= queue)
    assert.equal(this.#clock.waiting, this.#slots.waiting, 'alarms are those of the queue')
    for (const { bucket } of this.#model.queue)
      assert.ok(count(this.#model.slots, bucket) >= part(max, buckets), 'nobody waits for what is promised')
  }

  /** Everybody is let in who waits, as slots are given back; then there are as many as in the beginning. */
  async end(): Promise<void> {
    while (this.#held.length > 0) await this.steps.give(0)
    this.check()
    assert.deepEqual([this.#slots.taken, this.#slots.waiting], [0, 0])
    const { max, buckets } = this.#bounds
    for (let i = 0; i < max; i++) assert.equal(this.take(buckets[i % buckets.length] ?? ''), 'let in')
  }

  #ask(id: number, bucket: string, signal: AbortSignal): Answer {
    const letIn = (release: Release) => {
      this.#admitted.push(id)
      this.#held.push({ bucket, release })
    }
    try {
      const slot = this.#slots.take(bucket, { signal })
      if (slot instanceof Promise) {
        slot.then(letIn, (reason) => assert.ok(reason instanceof Abandoned || isOverload(reason)))
        return 'waits'
      }
      letIn(slot)
      return 'let in'
    } catch (error) {
      assert.ok(isOverload(error))
      return 'refused'
    }
  }
}

const isOverload = (error: unknown) => error instanceof ProxyError && error.code === 'Overloaded'

const bounds = fc.record({
  max: fc.integer({ min: 1, max: 12 }),
  queue: fc.integer({ min: 0, max: 12 }),
  buckets: fc.constantFrom(['a'], ['a', 'b'], ['a', 'b', 'c', 'd']),
})
const step = fc.tuple(
  fc.constantFrom('take', 'take', 'take', 'take', 'give', 'give', 'give', 'leave', 'wait'),
  fc.nat({ max: 100 }),
)

for (const [name, make] of Object.entries(implementations)) {
  test(`slots ${name} are never more than there are, each bucket has its part, everybody gets a turn, and none is lost`, async () => {
    await fc.assert(
      fc.asyncProperty(bounds, fc.array(step, { maxLength: 80 }), async (chosen, steps) => {
        const trial = new Trial(make, chosen)
        for (const [kind, choice] of steps) {
          await trial.steps[kind](choice)
          trial.check()
        }
        await trial.end()
      }),
      { numRuns: 1000 },
    )
  })

  test(`however often slots ${name} are adjusted, all are there once everything is given back`, async () => {
    const change = fc.tuple(bounds, fc.array(fc.constantFrom('a', 'b', 'c', 'd', ''), { maxLength: 20 }))
    await fc.assert(
      fc.asyncProperty(bounds, fc.array(change, { maxLength: 10 }), async (first, changes) => {
        const slots = make({ ...first, waitLimitMs: 1000 }, new FakeClock())
        const held: Release[] = []
        const ask = (bucket: string) => {
          try {
            const slot = slots.take(bucket, { signal: new AbortController().signal })
            if (slot instanceof Promise) void slot.then((release) => held.push(release))
            else held.push(slot)
          } catch (error) {
            assert.ok(isOverload(error))
          }
        }
        for (const [next, asks] of changes) {
          for (const bucket of asks) bucket === '' ? held.shift()?.() : ask(bucket)
          slots.adjust({ ...next, waitLimitMs: 1000 })
          await turn()
        }
        for (let release = held.shift(); release !== undefined; release = held.shift()) {
          release()
          await turn()
        }
        assert.deepEqual([slots.taken, slots.waiting], [0, 0])
        const { max, buckets } = changes.at(-1)?.[0] ?? first
        for (let i = 0; i < max; i++) ask(buckets[i % buckets.length] ?? '')
        assert.equal(held.length, max)
      }),
      { numRuns: 300 },
    )
  })
}
