import assert from 'node:assert/strict'
import test from 'node:test'
import type { RangeSpec } from '../../../src/base/types.ts'
import { contentRange, parseRange, resolveRanges } from '../../../src/http/byte-range.ts'

const valid: readonly [string, readonly RangeSpec[]][] = [
  ['bytes=0-499', [{ start: 0, end: 500 }]],
  ['bytes=500-999', [{ start: 500, end: 1000 }]],
  ['bytes=-500', [{ suffix: 500 }]],
  ['bytes=9500-', [{ start: 9500 }]],
  ['bytes=0-0,-1', [{ start: 0, end: 1 }, { suffix: 1 }]],
  ['bytes= 0-999, 4500-5499, -1000', [{ start: 0, end: 1000 }, { start: 4500, end: 5500 }, { suffix: 1000 }]],
  [
    'bytes=500-600,601-999',
    [
      { start: 500, end: 601 },
      { start: 601, end: 1000 },
    ],
  ],
  ['BYTES=1-1', [{ start: 1, end: 2 }]],
  ['bytes=,1-1,\t,', [{ start: 1, end: 2 }]],
  ['bytes=00-01', [{ start: 0, end: 2 }]],
  ['bytes=-0', [{ suffix: 0 }]],
]
for (const [value, specs] of valid) {
  test(`${JSON.stringify(value)} is understood`, () => assert.deepEqual(parseRange(value), { kind: 'ranges', specs }))
}

for (const value of [
  undefined,
  '',
  'bytes',
  'bytes=',
  'bytes=,',
  'bytes=-',
  'bytes=a-b',
  'bytes=1',
  'bytes=2-1',
  'bytes=0-1,2-1',
  'bytes=0-1,x',
  'bytes=0 - 1',
  'bytes =0-1',
  ' bytes=0-1',
  'bytes=--1',
  'bytes=+1-2',
  'bytes=1-2-3',
  'bytes=0x1-0x2',
  'bytes=1e3-',
  'bytes=１-２',
  'bytes=0-1\u00a0',
  'pages=1-2',
  'bytes=99999999999999999999-99999999999999999998',
]) {
  test(`${JSON.stringify(value)} is ignored (RFC 9110 §14.2)`, () =>
    assert.deepEqual(parseRange(value), { kind: 'none' }))
}

test('numerals beyond every object keep their meaning', () => {
  const giant = '9'.repeat(400)
  const max = Number.MAX_SAFE_INTEGER
  assert.deepEqual(parseRange(`bytes=0-${giant}`), { kind: 'ranges', specs: [{ start: 0, end: max }] })
  assert.deepEqual(parseRange(`bytes=${giant}-`), { kind: 'ranges', specs: [{ start: max }] })
  assert.deepEqual(parseRange(`bytes=-${giant}`), { kind: 'ranges', specs: [{ suffix: max }] })
  assert.deepEqual(resolveRanges([{ start: max }], 10), { kind: 'unsatisfiable' })
  assert.deepEqual(resolveRanges([{ start: 9, end: max }], 10), { kind: 'ranges', ranges: [{ start: 9, end: 10 }] })
})

test('256 ranges are a request, one more is an attack', () => {
  const ranges = (count: number) => `bytes=${Array.from({ length: count }, () => '1-1').join(',')}`
  assert.equal(parseRange(ranges(256)).kind, 'ranges')
  assert.deepEqual(parseRange(ranges(257)), { kind: 'none' })
})

const resolve = (value: string, size: number) => {
  const parsed = parseRange(value)
  assert.equal(parsed.kind, 'ranges')
  const resolved = resolveRanges(parsed.kind === 'ranges' ? parsed.specs : [], size)
  return resolved.kind === 'ranges'
    ? resolved.ranges.map(({ start, end }) => `${start}:${end}`).join(' ')
    : resolved.kind
}

for (const [value, size, expected] of [
  ['bytes=0-499', 10_000, '0:500'],
  ['bytes=-500', 10_000, '9500:10000'],
  ['bytes=9500-', 10_000, '9500:10000'],
  ['bytes=0-0,-1', 10_000, '0:1 9999:10000'],
  ['bytes=0-999, 4500-5499, -1000', 10_000, '0:1000 4500:5500 9000:10000'],
  ['bytes=500-600,601-999', 10_000, '500:1000'],
  ['bytes=500-700,601-999', 10_000, '500:1000'],
  ['bytes=0-20000', 10_000, '0:10000'],
  ['bytes=-20000', 10_000, '0:10000'],
  ['bytes=10000-', 10_000, 'unsatisfiable'],
  ['bytes=-0', 10_000, 'unsatisfiable'],
  ['bytes=10000-,3-4', 10_000, '3:5'],
  ['bytes=50-60,0-10', 100, '50:61 0:11'],
  ['bytes=50-60,0-10,61-70,5-20', 100, '50:71 0:21'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-1', 0, 'whole'],
  ['bytes=-0', 0, 'unsatisfiable'],
] as const) {
  test(`${value} of ${size} bytes is ${expected}`, () => assert.equal(resolve(value, size), expected))
}

test('more than sixteen parts are answered with the whole', () => {
  const apart = (count: number) => `bytes=${Array.from({ length: count }, (_, i) => `${i * 3}-${i * 3}`).join(',')}`
  assert.equal(resolve(apart(16), 100).split(' ').length, 16)
  assert.equal(resolve(apart(17), 100), 'whole')
  assert.equal(resolve(`${apart(17)},0-60`, 100), '0:61')
})

test('Content-Range is inclusive', () => {
  assert.equal(contentRange({ start: 42, end: 1234 }, 1234), 'bytes 42-1233/1234')
  assert.equal(contentRange(undefined, 1234), 'bytes */1234')
})
