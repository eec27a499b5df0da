import assert from 'node:assert/strict'
import test from 'node:test'
import type { RangeSpec } from '../../src/base/types.ts'
import { parseRange, resolveRanges } from '../../src/http/byte-range.ts'
import { fc } from '../support/fast-check.ts'

const position = fc.oneof(fc.nat({ max: 60 }), fc.maxSafeNat())
const spec: fc.Arbitrary<RangeSpec> = fc.oneof(
  fc.record({ suffix: position }),
  fc.record({ start: position }),
  fc.tuple(position, position).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) + 1 })),
)
const specs = fc.array(spec, { minLength: 1, maxLength: 40 })

test('any text at all is a range request or none', () => {
  const rangeLike = fc.string({ unit: fc.constantFrom(...'0123456789-,= \tbytes*x'), maxLength: 60 })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        rangeLike,
        rangeLike.map((text) => `bytes=${text}`),
      ),
      (text) => {
        const parsed = parseRange(text)
        if (parsed.kind === 'none') return
        assert.ok(parsed.specs.length > 0)
        for (const each of parsed.specs) {
          for (const number of Object.values(each)) assert.ok(Number.isSafeInteger(number) && number >= 0)
          if ('start' in each && each.end !== undefined) assert.ok(each.start < each.end)
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('resolved ranges lie inside the object, apart from each other, in the order they were asked for', () => {
  fc.assert(
    fc.property(specs, fc.nat({ max: 80 }), (asked, size) => {
      const resolved = resolveRanges(asked, size)
      if (resolved.kind !== 'ranges') return
      assert.ok(resolved.ranges.length >= 1 && resolved.ranges.length <= 16)
      for (const { start, end } of resolved.ranges) assert.ok(start >= 0 && start < end && end <= size)
      const sorted = resolved.ranges.toSorted((a, b) => a.start - b.start)
      for (const [i, range] of sorted.entries()) assert.ok(i === 0 || range.start > (sorted[i - 1]?.end ?? 0))
      const firstAskedFor = resolved.ranges.map((range) => asked.findIndex((each) => covers(range, each, size)))
      assert.deepEqual(
        firstAskedFor,
        firstAskedFor.toSorted((a, b) => a - b),
      )
    }),
  )
})

test('resolved ranges are exactly the bytes asked for', () => {
  fc.assert(
    fc.property(specs, fc.nat({ max: 80 }), (asked, size) => {
      const resolved = resolveRanges(asked, size)
      const wanted = Array.from({ length: size }, (_, i) => asked.some((each) => names(each, i, size)))
      if (resolved.kind === 'unsatisfiable') assert.ok(!wanted.includes(true))
      if (resolved.kind !== 'ranges') return
      const got = Array.from({ length: size }, (_, i) => resolved.ranges.some((r) => i >= r.start && i < r.end))
      assert.deepEqual(got, wanted)
    }),
  )
})

function names(each: RangeSpec, index: number, size: number): boolean {
  return 'suffix' in each ? index >= size - each.suffix : index >= each.start && index < (each.end ?? size)
}

function covers(range: { start: number; end: number }, each: RangeSpec, size: number): boolean {
  return Array.from({ length: size }, (_, i) => i).some(
    (i) => i >= range.start && i < range.end && names(each, i, size),
  )
}
