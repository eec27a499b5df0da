import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { InstrumentSet } from '../../../src/observe/instruments.ts'
import { Registry } from '../../../src/observe/registry.ts'
import { Link } from '../../../src/workers/link.ts'
import { metricsCalls } from '../../../src/workers/metrics.ts'
import { createTally, declareBirds, nests } from '../../support/birds.ts'

const thread = new URL('../../support/metrics-worker.ts', import.meta.url)

/** Counts until the hub has heard of so many series, and a scrape has been made. */
async function startAndEnd(worker: number, registry: Registry, tally: object, series: number): Promise<void> {
  const counting = new Worker(thread, { workerData: tally })
  const exit = once(counting, 'exit')
  const { seriesOpened, ...others } = metricsCalls(registry, worker)
  const heard = Promise.withResolvers<void>()
  let opened = 0
  new Link(counting, {
    ...others,
    seriesOpened(series_: never) {
      seriesOpened(series_)
      if (++opened === series) heard.resolve()
    },
  })
  await heard.promise
  await registry.metrics()
  void counting.terminate()
  await exit
  registry.ended(worker)
}

test('threads may be ended at any instant: nothing that they counted is lost, or counted twice', async () => {
  const registry = new Registry()
  const { eggs, flights } = declareBirds(new InstrumentSet(registry))
  const tally = [1, 2].map((worker) => ({ worker, ...createTally() }))
  await Promise.all(
    tally.map(async ({ worker, begun, done }) => {
      for (const series of [1, 40, 333, 600]) await startAndEnd(worker, registry, { begun, done }, series)
    }),
  )

  const sum = (of: 'begun' | 'done', nest: number) => tally.reduce((total, one) => total + (one[of][nest] ?? 0), 0)
  for (let nest = 0; nest < nests; nest++) {
    const [begun, done] = [sum('begun', nest), sum('done', nest)]
    for (const counted of [eggs.read(`${nest}`), flights.read(`${nest}`).count])
      assert.ok(done <= counted && counted <= begun, `${nest}: ${done} <= ${counted} <= ${begun}`)
  }
  assert.ok(sum('done', 0) > 0)
})
