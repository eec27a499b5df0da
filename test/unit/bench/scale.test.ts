import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linearScale, logScale, type Scale, stepScale } from '../../../bench/publish/scale.ts'
import { fc } from '../../support/fast-check.ts'

const close = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))
const amounts = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }).filter((value) => value === 0 || value > 1e-6))
const positive = fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 1 })

/** 1, 2 or 5 times a power of ten. */
function isRound(value: number): boolean {
  const digits = value.toExponential(12).split('e')[0] ?? ''
  return ['1', '2', '5'].includes(digits.replace(/\.?0+$/, ''))
}

function assertShowsAll(scale: Scale, values: readonly number[]): void {
  for (const value of values) {
    const place = scale.place(value)
    assert.ok(place >= -1e-9 && place <= 1 + 1e-9, `${value} is at ${place}`)
  }
  for (const tick of scale.ticks) assert.ok(tick >= scale.low && tick <= scale.high, `tick ${tick}`)
}

test('a linear axis begins at 0 and ends at a tick that no value exceeds', () => {
  fc.assert(
    fc.property(amounts, (values) => {
      const scale = linearScale(values)
      assertShowsAll(scale, values)
      assert.equal(scale.place(0), 0)
      assert.equal(scale.place(scale.high), 1)
      assert.equal(scale.ticks.at(-1), scale.high)
    }),
  )
})

test('the ticks of a linear axis are evenly apart by 1, 2 or 5 times a power of ten, and not many', () => {
  fc.assert(
    fc.property(amounts, (values) => {
      const { ticks } = linearScale(values)
      const [first = Number.NaN, second = Number.NaN] = ticks
      assert.equal(first, 0)
      assert.ok(isRound(second), `a step of ${second}`)
      for (const [index, tick] of ticks.entries()) assert.ok(close(tick, index * second), `${tick}`)
      assert.ok(ticks.length >= 2 && ticks.length <= 6, `${ticks.length} ticks`)
    }),
  )
})

test('a linear axis wastes less than one step', () => {
  fc.assert(
    fc.property(amounts, (values) => {
      const { ticks } = linearScale(values)
      const most = Math.max(0, ...values)
      assert.ok(most === 0 || (ticks.at(-2) ?? 0) < most * (1 + 1e-6), `${ticks} for ${most}`)
    }),
  )
})

test('ticks are printed as they are meant, also where a step is a part of 1', () => {
  assert.deepEqual(linearScale([1.1]).ticks, [0, 0.5, 1, 1.5])
  assert.deepEqual(linearScale([0.3]).ticks, [0, 0.1, 0.2, 0.3])
  assert.deepEqual(logScale([0.03, 0.4]).ticks, [0.02, 0.05, 0.1, 0.2, 0.5])
  assert.deepEqual(logScale([1, 1]).ticks, [1, 2])
})

test('a logarithmic axis reaches from a round number to another, wide enough for all values', () => {
  fc.assert(
    fc.property(positive, (values) => {
      const scale = logScale(values)
      assertShowsAll(scale, values)
      assert.ok(isRound(scale.low) && isRound(scale.high))
      assert.ok(close(scale.place(scale.low), 0) && close(scale.place(scale.high), 1))
      assert.ok(scale.low <= Math.min(...values) && Math.min(...values) < scale.low * 2.6)
      assert.ok(scale.ticks.length <= 16)
      for (const tick of scale.ticks) assert.ok(isRound(tick), `${tick}`)
    }),
  )
})

test('on a logarithmic axis equal factors are equally far apart', () => {
  fc.assert(
    fc.property(positive, fc.double({ min: 1.1, max: 10, noNaN: true }), (values, factor) => {
      const scale = logScale(values)
      const step = (from: number) => scale.place(from * factor) - scale.place(from)
      assert.ok(close(step(scale.low), step(scale.high)))
      assert.ok(step(scale.low) > 0)
    }),
  )
})

test('a logarithmic axis refuses what it cannot show', () => {
  assert.throws(() => logScale([0, 1]), /cannot show 0/)
})

test('steps are in order, each once, evenly apart, with half a step of room at both ends', () => {
  const scale = stepScale([2, 1, 2, 8])
  assert.deepEqual(scale.ticks, [1, 2, 8])
  assert.deepEqual(
    scale.ticks.map((tick) => scale.place(tick)),
    [1 / 6, 3 / 6, 5 / 6],
  )
})
