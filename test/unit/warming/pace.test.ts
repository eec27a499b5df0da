/** How fast jobs go: by themselves, beside users, and when the origin asks for less. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProxyError } from '../../../src/base/errors.ts'
import { quiet } from '../objects/rig.ts'
import { fetched, numbered, type WarmSettings, warmStage } from './rig.ts'

const list = (keys: readonly string[]) => ({ bucket: 'films', keys: { list: keys }, limit: undefined })

/** Runs jobs of so many objects each for a while; at once, every object takes no time. */
async function runFor(ms: number, objects: readonly number[], settings: WarmSettings, isBusy = false) {
  const on = warmStage({ outcome: () => fetched, ...settings })
  on.isBusy = isBusy
  for (const count of objects) on.jobs.start(list(numbered(count)))
  await quiet()
  const stepMs = Math.max(10, ms / 1000)
  for (let past = 0; past < ms; past += stepMs) {
    await on.clock.advance(stepMs)
    await quiet()
  }
  await on.jobs.close()
  return on
}

test('all jobs together begin so many objects in a second, and a tenth of a second at once', async () => {
  const { calls } = await runFor(10_000, [2000, 2000], { requestsPerSecond: 100 })
  assert.ok(calls.length >= 1000 && calls.length <= 1012, `${calls.length}`)
  assert.equal(calls.filter(({ atMs }) => atMs === 0).length, 10)
})

test('a rate of less than one in a tenth of a second has no bursts', async () => {
  const { calls } = await runFor(3000, [10], { requestsPerSecond: 2 })
  assert.deepEqual(
    calls.map(({ atMs }) => atMs),
    [0, 500, 1000, 1500, 2000, 2500, 3000],
  )
})

test('users who are busy get half of it', async () => {
  const { calls } = await runFor(10_000, [2000], { requestsPerSecond: 100 }, true)
  assert.ok(calls.length >= 500 && calls.length <= 506, `${calls.length}`)
})

test('while users are busy, one object is fetched at a time; then as many as before', async () => {
  const on = warmStage({ concurrency: 4 })
  on.isBusy = true
  on.jobs.start(list(numbered(20)))
  await quiet()
  assert.equal(on.calls.length, 1)
  on.calls[0]?.finish()
  await quiet()
  assert.equal(on.calls.length, 2)
  on.isBusy = false
  await on.clock.advance(300)
  await quiet()
  assert.equal(on.calls.length, 5)
  await on.jobs.close()
})

test('objects that are fresh cost no token', async () => {
  const { calls } = await runFor(100, [500], { requestsPerSecond: 10, outcome: () => ({ kind: 'fresh' }) })
  assert.equal(calls.length, 500)
})

const slowDown = (retryAfterSeconds?: number) =>
  new ProxyError('SlowDown', 'the origin answered 503', retryAfterSeconds === undefined ? {} : { retryAfterSeconds })

test('a job pauses when the origin asks for it, longer each time, and tries the object again', async () => {
  const on = await runFor(10_000, [2], {
    concurrency: 1,
    outcome: (key, tries) => (key === 'k0' && tries < 3 ? slowDown() : fetched),
  })
  const [first, second, third, fourth] = on.calls.map(({ key, atMs }) => ({ key, atMs }))
  assert.deepEqual([first?.key, second?.key, third?.key, fourth?.key].toSorted(), ['k0', 'k0', 'k0', 'k1'])
  assert.ok((second?.atMs ?? 0) >= 990, 'a second')
  assert.equal(on.jobs.list()[0]?.fetched, 2)
  assert.equal(on.jobs.list()[0]?.failed, 0)
})

test('pauses grow to a minute, and are at least what the origin asks for', async () => {
  const growing = await runFor(20_000, [1], { outcome: () => slowDown() })
  const times = growing.calls.map(({ atMs }) => Math.round(atMs / 1000))
  assert.deepEqual(times, [0, 1, 3])
  const asked = await runFor(100_000, [1], { outcome: (_, tries) => (tries === 1 ? slowDown(7) : slowDown(3600)) })
  assert.deepEqual(
    asked.calls.map(({ atMs }) => Math.round(atMs / 1000)),
    [0, 7, 67],
  )
})

test('objects that fail together make one pause', async () => {
  const on = warmStage({ concurrency: 4 })
  on.jobs.start(list(numbered(4)))
  await quiet()
  for (const call of on.calls) call.fail(slowDown())
  await quiet()
  await on.clock.advance(999)
  assert.equal(on.calls.length, 4)
  await on.clock.advance(1)
  await quiet()
  assert.equal(on.calls.length, 8)
  await on.jobs.close()
})

test('the pause of one job is not that of another', async () => {
  const on = warmStage({ outcome: (key) => (key.startsWith('slow') ? slowDown() : fetched) })
  on.jobs.start(list(numbered(1, 'slow')))
  const other = on.jobs.start(list(numbered(50)))
  await quiet()
  await on.clock.advance(200)
  await quiet()
  assert.equal(on.jobs.get(other.id)?.state, 'done')
  await on.jobs.close()
})

test('what will not pass is not tried again', async () => {
  const on = await runFor(1000, [1], { outcome: () => new ProxyError('AccessDenied', 'no') })
  assert.equal(on.calls.length, 1)
})
