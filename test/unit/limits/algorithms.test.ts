/** The arithmetic of both ways of counting, and the promises they share. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Algorithm, type Counts, roundingMs } from '../../../src/limits/algorithm.ts'
import type { Quota } from '../../../src/limits/quota.ts'
import { slidingWindow } from '../../../src/limits/sliding-window.ts'
import { tokenBucket } from '../../../src/limits/token-bucket.ts'
import { fc } from '../../support/fast-check.ts'

class Key {
  readonly counts: Counts = {
    freshAtMs: new Float64Array(1),
    previous: new Uint32Array(1),
    current: new Uint32Array(1),
  }
  readonly #algorithm: Algorithm
  readonly #quota: Quota

  constructor(algorithm: Algorithm, quota: Quota) {
    this.#algorithm = algorithm
    this.#quota = quota
  }

  waitMs(nowMs: number): number {
    this.#algorithm.turn(this.counts, 0, this.#quota, nowMs)
    return this.#algorithm.waitMs(this.counts, 0, this.#quota, nowMs)
  }

  ask(nowMs: number): boolean {
    const mayPass = this.waitMs(nowMs) <= roundingMs
    if (mayPass) this.#algorithm.take(this.counts, 0, this.#quota, nowMs)
    return mayPass
  }

  /** Which of the requests at these times pass. */
  passed(timesMs: readonly number[]): readonly number[] {
    return timesMs.filter((time) => this.ask(time))
  }
}

const quota: Quota = { limit: 4, periodMs: 1000 }

for (const [title, algorithm, askedMs, passedMs] of [
  ['a full bucket lets its burst through at once', tokenBucket, [10, 10, 10, 10, 10], [10, 10, 10, 10]],
  ['a bucket gains a token each quarter', tokenBucket, [0, 0, 0, 0, 249, 250, 251, 499, 500], [0, 0, 0, 0, 250, 500]],
  ['a bucket never holds more than its burst', tokenBucket, [0, 9e6, 9e6, 9e6, 9e6, 9e6], [0, 9e6, 9e6, 9e6, 9e6]],
  ['a window lets its limit through at once', slidingWindow, [10, 10, 10, 10, 10, 1009], [10, 10, 10, 10]],
  [
    'what was before the window counts by its share',
    slidingWindow,
    [0, 0, 0, 0, 1000, 1249, 1250, 1499, 1500],
    [0, 0, 0, 0, 1000, 1250, 1500],
  ],
  [
    'half a window leaves half, and one more at its edge',
    slidingWindow,
    [0, 0, 1000, 1000, 1000, 1000],
    [0, 0, 1000, 1000, 1000],
  ],
  [
    'after two quiet windows nothing counts',
    slidingWindow,
    [0, 0, 0, 0, 2000, 2000, 2000, 2000, 2000],
    [0, 0, 0, 0, 2000, 2000, 2000, 2000],
  ],
] as const) {
  test(title, () => {
    assert.deepEqual(new Key(algorithm, quota).passed(askedMs), passedMs)
  })
}

const quotas = fc.record({
  limit: fc.integer({ min: 1, max: 20 }),
  periodMs: fc.double({ min: 0.5, max: 5000, noNaN: true }),
})
/** Steps between requests, in hundredths of the period: crowds, and quiet times of up to three periods. */
const steps = fc.array(
  fc.oneof(fc.constant(0), fc.double({ min: 0, max: 20, noNaN: true }), fc.integer({ max: 300, min: 0 })),
  {
    minLength: 1,
    maxLength: 200,
  },
)

function timesOf({ periodMs }: Quota, hundredths: readonly number[]): readonly number[] {
  let timeMs = 12_345.678
  return hundredths.map((step) => {
    timeMs += (step / 100) * periodMs
    return timeMs
  })
}

for (const [name, algorithm, more] of [
  ['bucket', tokenBucket, 0],
  ['window', slidingWindow, 1],
] as const) {
  test(`a ${name} lets no more than ${more} and limit × (1 + t / period) through in any stretch of t`, () => {
    fc.assert(
      fc.property(quotas, steps, (chosen, hundredths) => {
        const passed = new Key(algorithm, chosen).passed(timesOf(chosen, hundredths))
        for (const [first, startMs] of passed.entries()) {
          for (const [further, endMs] of passed.slice(first).entries()) {
            const most = more + chosen.limit * (1 + (endMs - startMs) / chosen.periodMs)
            assert.ok(further + 1 <= most + 0.05, `${further + 1} in ${endMs - startMs} ms, ${most} at most`)
          }
        }
      }),
    )
  })

  test(`a ${name} that refuses takes nothing, and who waits as long as told passes`, () => {
    fc.assert(
      fc.property(quotas, steps, (chosen, hundredths) => {
        const key = new Key(algorithm, chosen)
        const times = timesOf(chosen, hundredths)
        key.passed(times)
        const nowMs = times.at(-1) ?? 0
        const waitMs = key.waitMs(nowMs)
        if (waitMs > roundingMs) for (let time = 0; time < 5; time++) assert.equal(key.ask(nowMs), false)
        assert.equal(key.waitMs(nowMs), waitMs)
        // Nobody is told to wait longer than it takes.
        if (waitMs > 2 * roundingMs) assert.equal(key.ask(nowMs + waitMs - 2 * roundingMs), false)
        assert.equal(key.ask(nowMs + Math.max(0, waitMs)), true)
      }),
    )
  })

  test(`a ${name} lets everybody through who keeps to the rate`, () => {
    fc.assert(
      fc.property(quotas, (chosen) => {
        const key = new Key(algorithm, chosen)
        const times = Array.from({ length: 100 }, (_, index) => (index * chosen.periodMs) / chosen.limit)
        assert.deepEqual(key.passed(times), times)
      }),
    )
  })

  test(`a ${name} is as good as new when it says so, and not in the future of a clock set back`, () => {
    fc.assert(
      fc.property(quotas, steps, (chosen, hundredths) => {
        const key = new Key(algorithm, chosen)
        key.passed(timesOf(chosen, hundredths))
        const burst = (atMs: number) => key.passed(Array.from({ length: 30 }, () => atMs)).length
        assert.equal(burst(key.counts.freshAtMs[0] ?? 0), chosen.limit)
        assert.equal(burst(0), 0)
        assert.equal(burst(2 * chosen.periodMs), chosen.limit)
      }),
    )
  })
}
