/** Metrics of a worker, as the hub reads them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { MessageChannel } from 'node:worker_threads'
import { InstrumentSet } from '../../../src/observe/instruments.ts'
import { readAtScrape } from '../../../src/observe/metrics.ts'
import { Registry } from '../../../src/observe/registry.ts'
import { type Calls, Link } from '../../../src/workers/link.ts'
import {
  type MetricsCalls,
  metricsCalls,
  type RefreshCalls,
  refreshWorkers,
  SharedValues,
} from '../../../src/workers/metrics.ts'
import { declareBirds } from '../../support/birds.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function stage(numbers: readonly number[]) {
  const clock = new FakeClock()
  const registry = new Registry()
  const hub = { registry, ...declareBirds(new InstrumentSet(registry)) }
  const started = numbers.map((number) => {
    const { port1, port2 } = new MessageChannel()
    const theirs = new Registry()
    const calls: Calls = { refreshMetrics: () => theirs.refresh() }
    const birds = declareBirds(new InstrumentSet(theirs, new SharedValues(new Link<MetricsCalls>(port2, calls))))
    return { ...birds, port: port1, link: new Link<RefreshCalls>(port1, metricsCalls(registry, number)) }
  })
  const refresh = () =>
    refreshWorkers(
      registry,
      started.map(({ link }) => link),
      clock,
    )
  registry.beforeScrape(refresh)
  const close = () => {
    for (const { port } of started) port.close()
  }
  return { clock, hub, workers: started, refresh, [Symbol.dispose]: close }
}

test('what workers count is in the memory that the hub reads, told of once for each series', async () => {
  using threads = stage([1, 2])
  for (const { eggs, flights } of threads.workers) {
    eggs.cell('oak').add(2)
    flights.cell('oak').observe(0.5)
  }
  await threads.refresh()
  assert.equal(threads.hub.eggs.read('oak'), 4)
  for (const { eggs } of threads.workers) eggs.cell('oak').add(10)
  assert.equal(threads.hub.eggs.read('oak'), 24)
  assert.deepEqual(threads.hub.flights.read('oak'), { count: 2, sum: 1 })
})

test('series may be as many as there are', async () => {
  using threads = stage([1])
  const [worker] = threads.workers
  const nests = Array.from({ length: 3000 }, (_, nest) => `${nest}`)
  for (const nest of nests) {
    worker?.eggs.cell(nest).add(Number(nest))
    worker?.flights.cell(nest).observe(Number(nest))
  }
  await threads.refresh()
  for (const nest of nests) {
    assert.equal(threads.hub.eggs.read(nest), Number(nest))
    assert.deepEqual(threads.hub.flights.read(nest), { count: 1, sum: Number(nest) })
  }
})

test('gauges of workers are read again for each scrape, and one that is removed is gone', async () => {
  using threads = stage([1])
  const [worker] = threads.workers
  assert(worker)
  let home = 3
  readAtScrape(worker.crows, () => worker.crows.cell('oak').set(home))
  const shown = async () => (await threads.hub.registry.metrics()).match(/crows\{nest="oak"\} (\d)/)?.[1]
  assert.equal(await shown(), '3')
  home = 5
  assert.equal(await shown(), '5')
  readAtScrape(worker.crows, () => worker.crows.remove('oak'))
  assert.equal(await shown(), undefined)
})

test('exemplars of workers come along with a scrape', async () => {
  using threads = stage([1])
  threads.workers[0]?.flights.cell('oak').observe(0.5, { traceId: 'abc', atMs: 1000 })
  assert.match(await threads.hub.registry.metrics('openmetrics'), /trace_id="abc"/)
})

test('a scrape waits a quarter of a second for a worker that is stuck, and shows the others as they are', async (t) => {
  using threads = stage([1])
  readAtScrape(threads.workers[0]?.crows ?? assert.fail(), () => threads.workers[0]?.crows.cell('elm').set(2))
  const { port1: deaf } = new MessageChannel()
  t.after(() => deaf.close())
  const stuck = new Link<RefreshCalls>(deaf, {})
  const links = [stuck, ...threads.workers.map(({ link }) => link)]
  let isOver = false
  const refreshed = refreshWorkers(threads.hub.registry, links, threads.clock).then(() => {
    isOver = true
  })
  await threads.clock.advance(249)
  while (threads.hub.crows.read('elm') === 0) await turn()
  assert(!isOver)
  await threads.clock.advance(1)
  await refreshed
})

test('a scrape does not wait for a worker that has ended', async () => {
  using threads = stage([1])
  threads.workers[0]?.link.close()
  await threads.refresh()
  assert.equal(threads.clock.waiting, 0)
})
