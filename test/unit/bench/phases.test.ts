import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Figures } from '../../../bench/rig/figures.ts'
import { LatencyHistogram } from '../../../bench/rig/latency-histogram.ts'
import { type BenchObject, fillContent, parseObjectName } from '../../../bench/rig/object-content.ts'
import { readAll } from '../../../bench/rig/reader-crowd.ts'
import { RequestCrowd } from '../../../bench/rig/request-crowd.ts'
import { percentile } from '../../../bench/rig/summary.ts'
import { readTrace } from '../../../bench/rig/trace-file.ts'
import { objectsOf, zipfRanks } from '../../../bench/rig/workload.ts'
import { fc } from '../../support/fast-check.ts'

const latencies = fc.array(fc.double({ min: 0.02, max: 100_000, noNaN: true }), { minLength: 1 })

test('a percentile from a histogram is at most 2 % above the exact one, and never below', () => {
  fc.assert(
    fc.property(latencies, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, share) => {
      const histogram = new LatencyHistogram()
      for (const value of values) histogram.add(value)
      const exact = percentile(values, share)
      const told = histogram.percentile(share)
      assert.ok(told >= exact * 0.999_999 && told <= exact * 1.021, `${told} for ${exact}`)
    }),
  )
})

test('histograms of several clients together are the histogram of all', () => {
  fc.assert(
    fc.property(latencies, latencies, (some, others) => {
      const [first, second, all] = [new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram()]
      for (const value of some) first.add(value)
      for (const value of others) second.add(value)
      for (const value of [...some, ...others]) all.add(value)
      assert.deepEqual(LatencyHistogram.of([...first.rows(), ...second.rows()]).rows(), all.rows())
    }),
  )
  assert.ok(Number.isNaN(new LatencyHistogram().percentile(0.5)))
})

test('a zipf law asks for each object in proportion to its rank, and for the same ones again from the same seed', () => {
  const [objects, draws] = [100, 100_000]
  const [next, again] = [zipfRanks({ objects, exponent: 1, seed: 7 }), zipfRanks({ objects, exponent: 1, seed: 7 })]
  const counts = new Array<number>(objects + 1).fill(0)
  for (let draw = 0; draw < draws; draw += 1) {
    const rank = next()
    assert.equal(again(), rank)
    counts[rank] = (counts[rank] ?? Number.NaN) + 1
  }
  const sum = Array.from({ length: objects }, (_, index) => 1 / (index + 1)).reduce((a, b) => a + b)
  for (const rank of [1, 2, 10, 100]) {
    const expected = draws / rank / sum
    assert.ok(Math.abs((counts[rank] ?? 0) - expected) < 5 * Math.sqrt(expected), `rank ${rank}: ${counts[rank]}`)
  }
})

test('unique requests are for one object after another', () => {
  const next = objectsOf({ kind: 'unique', size: 10, from: 5 })
  assert.deepEqual([next().name, next().name], ['small-10-5', 'small-10-6'])
})

test('a trace is read packed or not, with sizes or without, and a line that is neither is named', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'trace-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const expected = [
    { id: 3, bytes: 100 },
    { id: 4, bytes: 0 },
  ]
  assert.deepEqual(readTrace(file('a.csv', '3\n4,0\n'), 100), expected)
  assert.deepEqual(readTrace(file('a.csv.gz', gzipSync('3,100\n4,0')), 7), expected)
  for (const line of ['x', '1,y', '1,-1', '1.5']) {
    assert.throws(() => readTrace(file('bad.csv', `1\n${line}\n`), 1), /line 2/)
  }
})

test('a bound is missed by what is above it, and by what is no number', (t) => {
  t.mock.method(process.stdout, 'write', () => true)
  const codes = [1, 2, Number.NaN].map((value) => {
    const figures = new Figures()
    figures.tell('told', Number.NaN)
    figures.under('value', value, 2)
    return figures.exitCode
  })
  assert.deepEqual(codes, [0, 1, 1])
})

test('requests that leave by the clock are counted as hits, misses, errors and wrong answers', async (t) => {
  const port = await serve(t, (object, number) => {
    if (number === 15) return { status: 503, body: Buffer.alloc(10) }
    const body = contentOf(object)
    if (number === 17) body.writeUInt8(body.readUInt8(5) ^ 1, 5)
    return { status: 200, body, cache: number % 2 === 0 ? 'HIT' : 'MISS' }
  })
  const crowd = await RequestCrowd.open({
    ...{ kind: 'requests', port, from: '127.0.0.1', connections: 3, warmObjects: 2 },
    ...{ rate: 1000, seconds: 0.02, workload: { kind: 'unique', size: 100, from: 10 } },
  })
  const result = await crowd.run()
  const counts = [result.hitMs, result.missMs].map((rows) => LatencyHistogram.of(rows).count)
  assert.deepEqual([result.requests, ...counts, result.errors, result.wrong], [20, 10, 8, 2, 1])
  assert.deepEqual(result.problems.toSorted(), [
    'small-100-15: HTTP/1.1 503 Service Unavailable',
    'small-100-17: wrong bytes',
  ])
})

test('a reader with a pace reads no faster, and one without leaves once it has enough', async (t) => {
  const port = await serve(t, (object) => ({ status: 200, body: contentOf(object) }))
  const plan = { kind: 'readers', port, from: '127.0.0.1', readers: 2, arriveWithinMs: 0 } as const
  const [large, pace] = [20_000_000, 10_000_000]
  const { readings } = await readAll({
    ...plan,
    objectBytes: large,
    seconds: 0.3,
    cutBytes: large,
    bytesPerSecond: pace,
  })
  for (const { bytes, seconds, problem } of readings) {
    assert.equal(problem, undefined)
    assert.ok(bytes > 0 && bytes < large && bytes <= seconds * pace + 2 ** 20, `${bytes} in ${seconds} s`)
  }
  const cut = await readAll({ ...plan, objectBytes: large, seconds: 60, cutBytes: 1e6 })
  for (const { bytes, problem } of cut.readings) {
    assert.equal(problem, undefined)
    assert.ok(bytes >= 1e6 && bytes < large)
  }
})

interface Told {
  readonly status: number
  readonly body: Buffer
  readonly cache?: string
}

/** Gives the port; `answer` says what comes for each object and its number. */
async function serve(t: TestContext, answer: (object: BenchObject, number: number) => Told): Promise<number> {
  const server = createServer((request, response) => {
    const object = parseObjectName(request.url?.split('/').at(-1) ?? '')
    assert.ok(object)
    const { status, body, cache } = answer(object, Number(object.name.split('-').at(-1)))
    response.writeHead(status, { 'Content-Length': body.length, ...(cache && { 'X-Cache': cache }) }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

function contentOf(object: BenchObject): Buffer {
  const body = Buffer.alloc(object.size)
  fillContent(object, 0, body)
  return body
}
