import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RetryBudget } from '../../../src/origin/retry-budget.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { fc } from '../../support/fast-check.ts'

function budgetOf(share: number, reserve: number) {
  const clock = new FakeClock()
  const budget = new RetryBudget({ share, reserve }, clock)
  return {
    clock,
    budget,
    ask: (count: number) => {
      for (let asked = 0; asked < count; asked++) budget.asked()
    },
    /** How many retries are to be had now. */
    drain: () => {
      let taken = 0
      while (taken < 1000 && budget.take()) taken++
      return taken
    },
  }
}

test('each ten requests allow for one retry', () => {
  const { ask, drain } = budgetOf(0.1, 0)
  ask(9)
  assert.equal(drain(), 0)
  ask(1)
  assert.equal(drain(), 1)
  ask(50)
  assert.equal(drain(), 5)
})

test('nobody asking, the reserve is there, and there again after ten seconds', async () => {
  const { clock, drain } = budgetOf(0.1, 10)
  await clock.advance(900)
  assert.equal(drain(), 10)
  await clock.advance(9_999)
  assert.equal(drain(), 0)
  await clock.advance(101)
  assert.equal(drain(), 10)
})

test('requests allow for retries for nine seconds, and not beyond ten', async () => {
  for (const [afterMs, retries] of [
    [9_000, 10],
    [10_000, 0],
  ] as const) {
    const { clock, ask, drain } = budgetOf(0.1, 0)
    ask(100)
    await clock.advance(afterMs)
    assert.equal(drain(), retries)
  }
})

test('a long silence leaves nothing behind', async () => {
  const { clock, ask, drain } = budgetOf(0.1, 2)
  ask(1000)
  assert.equal(drain(), 102)
  await clock.advance(86_400_000)
  assert.equal(drain(), 2)
})

type Step = { readonly kind: 'ask' | 'take'; readonly times: number } | { readonly kind: 'wait'; readonly ms: number }

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom('ask', 'take'), times: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constant('wait'), ms: fc.oneof(fc.nat(300), fc.nat(12_000)) }),
  ),
  { maxLength: 60 },
)

/** Every event with its time, counted anew for each question. */
class NaiveBudget {
  readonly #requestsAtMs: number[] = []
  readonly #retriesAtMs: number[] = []

  asked(atMs: number): void {
    this.#requestsAtMs.push(atMs)
  }

  check(taken: boolean, atMs: number, share: number, reserve: number): void {
    const within = (times: readonly number[], ms: number) => times.filter((time) => time > atMs - ms).length
    if (taken) {
      this.#retriesAtMs.push(atMs)
      assert.ok(within(this.#retriesAtMs, 10_000) <= share * within(this.#requestsAtMs, 10_000) + reserve)
    } else {
      assert.ok(within(this.#retriesAtMs, 11_000) + 1 > share * within(this.#requestsAtMs, 9_000) + reserve)
    }
  }
}

test('retries of ten seconds are never more than their share of the requests and the reserve, nor far less', async () => {
  const settings = fc.record({ share: fc.constantFrom(0, 0.05, 0.1, 1), reserve: fc.nat(10) })
  const property = fc.asyncProperty(settings, steps, async ({ share, reserve }, chosen) => {
    const { clock, budget } = budgetOf(share, reserve)
    const naive = new NaiveBudget()
    const once = {
      ask: () => {
        budget.asked()
        naive.asked(clock.monotonicMs())
      },
      take: () => naive.check(budget.take(), clock.monotonicMs(), share, reserve),
    }
    for (const step of chosen) {
      if (step.kind === 'wait') await clock.advance(step.ms)
      else for (let done = 0; done < step.times; done++) once[step.kind]()
    }
  })
  await fc.assert(property, { numRuns: 300 })
})
