import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordId } from '../../src/base/types.ts'
import { everything } from '../../src/cache/scope.ts'
import { WriteBehind } from '../../src/cache/write-behind.ts'
import { idOf, objectOf } from '../support/cache-records.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { fc } from '../support/fast-check.ts'
import { faulty } from '../support/faulty-tier.ts'
import { memoryAs } from '../support/memory-as.ts'
import { TierEventLog } from '../support/tier-event-log.ts'

interface Circumstances {
  readonly failEvery: number
  readonly delayMs: number
  readonly maxRecords: number
  readonly writers: number
}

const ids = [idOf('a'), idOf('b'), idOf('c')]

/** A layer over a tier that fails and is late, and beside it what may be read: each version has a status of its own. */
class Trial {
  readonly #clock = new FakeClock()
  readonly #layer: WriteBehind
  /** Undefined: removed last. An id that is not there was never written. */
  readonly #newest = new Map<RecordId, number | undefined>()
  #version = 0

  constructor({ failEvery, delayMs, maxRecords, writers }: Circumstances) {
    const events = new TierEventLog()
    const delay = { ms: delayMs, clock: this.#clock }
    const tier = faulty(memoryAs('disk', events), { on: ['put', 'remove', 'clear'], failEvery, delay })
    this.#layer = new WriteBehind(
      tier,
      { maxRecords, maxBytes: 2 ** 20, writers, writingBytes: 2 ** 20 },
      events,
      this.#clock,
    )
  }

  readonly steps = {
    put: async (id: RecordId) => {
      this.#newest.set(id, ++this.#version)
      void this.#layer.put(id, this.#record(this.#version))
    },
    offer: async (id: RecordId) => {
      this.#newest.set(id, ++this.#version)
      void this.#layer.offer(id, this.#record(this.#version))
    },
    /** Brings back the newest: a slower tier that has an older one is not believed, and what is removed is removed there too. */
    promote: async (id: RecordId) => {
      const newest = this.#newest.get(id)
      if (newest !== undefined) this.#layer.promote(id, this.#record(newest))
    },
    remove: async (id: RecordId) => {
      this.#newest.set(id, undefined)
      void this.#layer.remove(id)
    },
    clear: async () => {
      for (const id of ids) this.#newest.set(id, undefined)
      void this.#layer.clear(everything)
      await this.#clock.advance(1) // what is stored in the same millisecond would be in doubt
    },
    read: async (id: RecordId) => {
      const record = await this.#layer.get(id)
      if (record?.kind === 'object') assert.equal(record.head.status, this.#newest.get(id))
    },
    moment: () => this.#clock.advance(1),
    second: () => this.#clock.advance(1000),
  } satisfies Record<string, (id: RecordId) => Promise<void>>

  async end(): Promise<void> {
    for (let second = 0; second < 60; second++) await this.#clock.advance(1000)
    for (const id of ids) await this.steps.read(id)
    const closing = this.#layer.close(5000)
    await this.#clock.advance(6000)
    await closing
  }

  #record(status: number) {
    return objectOf(`${status}`, { status, storedAt: this.#clock.now() })
  }
}

const step = fc.tuple(
  fc.constantFrom('put', 'offer', 'offer', 'promote', 'remove', 'read', 'read', 'clear', 'moment', 'second'),
  fc.constantFrom(...ids),
)
const circumstances = fc.record({
  failEvery: fc.constantFrom(1, 2, 3, 1000),
  delayMs: fc.constantFrom(0, 5),
  maxRecords: fc.constantFrom(1, 2, 100),
  writers: fc.constantFrom(1, 4),
})

test('whatever fails, a read gives what was put last, or nothing: never what was replaced or removed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), circumstances, async (steps, chosen) => {
      const trial = new Trial(chosen)
      for (const [kind, id] of steps) await trial.steps[kind](id)
      await trial.end()
    }),
    { numRuns: 300 },
  )
})
