import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '../../../src/base/types.ts'
import {
  cronProblem,
  nextRun,
  type ScheduledTarget,
  WarmSchedule,
  type WarmTarget,
} from '../../../src/warming/schedule.ts'
import type { WarmJob, WarmJobs, WarmOrder } from '../../../src/warming/warm-jobs.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const at = (text: string) => Date.parse(text) as EpochMs
const minuteMs = 60_000
const hourMs = 60 * minuteMs

for (const [cron, after, next] of [
  ['*/15 * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:15:00Z'],
  ['*/15 * * * *', '2026-01-01T00:14:59.999Z', '2026-01-01T00:15:00Z'],
  ['30 0 4 * * *', '2026-01-01T04:00:30Z', '2026-01-02T04:00:30Z'],
  ['0 4 * * sun', '2026-01-01T00:00:00Z', '2026-01-04T04:00:00Z'],
  ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
  // No hour is skipped or doubled: in Berlin, 02:30 would not exist that day.
  ['30 2 29 3 *', '2026-01-01T00:00:00Z', '2026-03-29T02:30:00Z'],
] as const) {
  test(`after ${after}, ${cron} comes at ${next}`, () => {
    assert.equal(cronProblem(cron), undefined)
    assert.equal(nextRun(cron, at(after)), at(next))
  })
}

test('what is no cron expression is told so', () => {
  const fields = 'must have five fields, or six beginning with seconds'
  for (const text of ['', '* * * *', '* * * * * * *', '@daily', '2026-01-01T00:00:00Z']) {
    assert.equal(cronProblem(text), fields, text)
  }
  assert.equal(cronProblem('0 0 30 2 *'), 'names a date that never comes')
  assert.equal(cronProblem('60 * * * *'), 'is no cron expression: Invalid value for minute: 60')
  assert.match(cronProblem('a b c d e') ?? '', /^is no cron expression: /)
})

/** Jobs that run until the test ends them. */
class FakeJobs implements WarmJobs {
  readonly orders: WarmOrder[] = []
  readonly running = new Set<string>()

  start(order: WarmOrder): WarmJob {
    const id = String(this.orders.push(order))
    this.running.add(id)
    return this.#job(id)
  }
  get(id: string): WarmJob {
    return this.#job(id)
  }
  list(): readonly WarmJob[] {
    return []
  }
  cancel(): undefined {}
  async close(): Promise<void> {}

  #job(id: string): WarmJob {
    const state = this.running.has(id) ? 'running' : 'done'
    const counts = { found: 0, fetched: 0, skipped: 0, missing: 0, failed: 0, bytes: 0 }
    const told = { endedAt: undefined, isListed: false, lastError: undefined }
    return { id, bucket: 'films', state, startedAt: 0 as EpochMs, ...told, ...counts }
  }
}

function stage(onStart: readonly WarmTarget[], scheduled: readonly ScheduledTarget[]) {
  const clock = new FakeClock(at('2026-01-01T00:00:00Z'))
  const jobs = new FakeJobs()
  const schedule = new WarmSchedule(onStart, scheduled, jobs, clock)
  return { clock, jobs, schedule }
}

const hourly = { bucket: 'films', prefix: 'new/', cron: '0 * * * *' }

test('what is for the start is ordered at the start, and the rest at its time', async () => {
  const { clock, jobs, schedule } = stage([{ bucket: 'images', prefix: '' }], [{ ...hourly, cron: '10 0 * * * *' }])
  schedule.start()
  assert.deepEqual(jobs.orders, [{ bucket: 'images', keys: { prefix: '' }, limit: undefined }])
  await clock.advance(9999)
  assert.equal(jobs.orders.length, 1)
  await clock.advance(1)
  assert.deepEqual(jobs.orders.slice(1), [{ bucket: 'films', keys: { prefix: 'new/' }, limit: undefined }])
})

test('a run that still goes on when the next is due takes its place', async () => {
  const { clock, jobs, schedule } = stage([], [hourly])
  schedule.start()
  await clock.advance(2.5 * hourMs)
  assert.equal(jobs.orders.length, 1)
  jobs.running.clear()
  await clock.advance(0.4 * hourMs)
  assert.equal(jobs.orders.length, 1)
  await clock.advance(0.1 * hourMs)
  assert.equal(jobs.orders.length, 2)
})

test('times that a forward step of the clock skips are made up for once', async () => {
  const { clock, jobs, schedule } = stage([], [hourly])
  schedule.start()
  clock.stepWallTime(5.5 * hourMs)
  await clock.advance(minuteMs)
  assert.equal(jobs.orders.length, 1)
  jobs.running.clear()
  await clock.advance(30 * minuteMs)
  assert.equal(jobs.orders.length, 2)
})

test('a clock set back stops nothing, however far', async () => {
  const { clock, jobs, schedule } = stage([], [hourly])
  schedule.start()
  clock.stepWallTime(-3650 * 24 * hourMs)
  await clock.advance(minuteMs)
  assert.equal(jobs.orders.length, 0)
  await clock.advance(hourMs)
  assert.equal(jobs.orders.length, 1)
})

test('a time that is days away comes', async () => {
  const { clock, jobs, schedule } = stage([], [{ ...hourly, cron: '0 0 4 1 *' }])
  schedule.start()
  await clock.advance(3 * 24 * hourMs - 1)
  assert.equal(jobs.orders.length, 0)
  await clock.advance(1)
  assert.equal(jobs.orders.length, 1)
})

test('closing is the end of it, and without a schedule nothing waits', async () => {
  const { clock, jobs, schedule } = stage([], [hourly])
  schedule.start()
  schedule.close()
  assert.equal(clock.waiting, 0)
  await clock.advance(2 * hourMs)
  assert.equal(jobs.orders.length, 0)
  const empty = stage([], [])
  empty.schedule.start()
  assert.equal(empty.clock.waiting, 0)
})
