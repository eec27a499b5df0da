import assert from 'node:assert/strict'
import { test } from 'node:test'
import { benchObject, fillContent, matchesContent } from '../../../bench/rig/object-content.ts'
import { parseStat } from '../../../bench/rig/proc-stat.ts'
import { chooseCores } from '../../../bench/rig/session.ts'
import { parseWrk } from '../../../bench/rig/wrk.ts'
import { fc } from '../../support/fast-check.ts'

test('CPU time is read from /proc whatever the command is called', () => {
  const fields = ['S', 7, 7, 7, 0, -1, 0, 1, 2, 3, 4, 500, 60, 8, 9, 20, 0, 1, 0, 12345, 0, 0]
  const stat = parseStat(`42 (a) b (c) ${fields.join(' ')}`)
  assert.deepEqual(stat, { pid: 42, parent: 7, startTicks: 12345, cpuTicks: 577, isZombie: false })
})

test('cores are taken from what the process may use, and shared only when there are too few', () => {
  assert.deepEqual(chooseCores('Cpus_allowed_list:\t2-3,8\n'), { server: 2, client: 3, origin: 8 })
  assert.deepEqual(chooseCores('Cpus_allowed_list:\t0-1\n'), { server: 0, client: 1, origin: 1 })
  assert.deepEqual(chooseCores('Cpus_allowed_list:\t5\n'), { server: 5, client: 5, origin: 5 })
})

test("wrk's own words do not hide the script's line", () => {
  const output =
    'Running 3s test\nRequests/sec: 1\n{"requests":30,"micros":3000000,"bytes":9,"p50Micros":500,"p99Micros":2000,"errors":1}\n'
  assert.deepEqual(parseWrk(output), { requests: 30, seconds: 3, bytes: 9, p50Ms: 0.5, p99Ms: 2, errors: 1 })
  assert.throws(() => parseWrk('unable to connect'), /unable to connect/)
})

test('any part of an object matches itself, and nothing with one byte changed or from another place', () => {
  const size = 300_000
  const object = benchObject(size, 1)
  const part = fc.tuple(
    fc.nat(size - 1),
    fc.integer({ min: 1, max: 140_000 }),
    fc.nat(),
    fc.integer({ min: 1, max: 255 }),
  )
  fc.assert(
    fc.property(part, ([start, length, position, change]) => {
      const bytes = Buffer.alloc(Math.min(length, size - start))
      fillContent(object, start, bytes)
      assert.equal(matchesContent(object, start, bytes), true)
      const at = position % bytes.length
      bytes[at] = (bytes[at] ?? 0) ^ change
      assert.equal(matchesContent(object, start, bytes), false)
    }),
    { numRuns: 50 },
  )
  const block = Buffer.alloc(65_536)
  fillContent(object, 0, block)
  assert.equal(matchesContent(object, 65_536, block), false)
  assert.equal(matchesContent(benchObject(size, 2), 0, block), false)
})
