import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quiet, read, sliceBytes, stage } from './rig.ts'

test('a run is found by the slices it comes to soon, and by those it still has', async () => {
  const on = stage(20)
  const what = on.spec(0, 0)
  const run = on.runs.start(on.spec(0, 19))
  run.attach()
  await read(run, 0, 19)
  await quiet() // it waits at slice 3
  for (const index of [0, 3, 7]) assert.equal(on.runs.covering(what, index), run, `slice ${index}`)
  assert.equal(on.runs.covering(what, 8), undefined)
  run.detach()
  await run.ended
  await quiet()
  assert.equal(on.runs.covering(what, 5), undefined)
  assert.equal(on.runs.size, 0)
})

test('a run is of one version: another tag, size or slicing is not covered by it', () => {
  const on = stage(4)
  const what = on.spec(0, 0)
  const run = on.runs.start(on.spec(0, 3))
  run.attach()
  const others = [{ etag: '"other"' as typeof on.head.etag }, { size: 350 }, { sliceBytes: sliceBytes / 2 }]
  for (const other of others) assert.equal(on.runs.covering({ ...what, head: { ...on.head, ...other } }, 0), undefined)
  assert.equal(on.runs.covering(what, 0), run)
  run.detach()
})

test('a new run ends where another goes on, and the one behind it ends where the new one began', async () => {
  const on = stage(20)
  const what = on.spec(0, 0)
  const behind = on.runs.start(on.spec(0, 19))
  behind.attach()
  await read(behind, 0, 19)
  await quiet()
  assert.equal(on.runs.openEnd(what, 10, 19), 19)
  const ahead = on.runs.start(on.spec(10, 19))
  ahead.attach()
  assert.equal(on.runs.openEnd(what, 5, 19), 9)

  for (let index = 1; index < 10; index += 1) await read(behind, index, 19)
  await behind.ended
  for (let index = 10; index < 20; index += 1) await read(ahead, index, 19)
  await ahead.ended
  assert.equal(on.origin.requests, 2)
  // One chunk at most was under way where the first was cut short.
  assert.ok(on.origin.bytesSent <= 20 * sliceBytes + 30)
})

test('closing ends every run, whatever it waits for, and gives all connections back', async () => {
  const on = stage(10)
  const waiting = on.runs.start(on.spec(0, 4))
  waiting.attach()
  await read(waiting, 0, 4)
  await quiet()
  const asking = on.runs.start(on.spec(8, 9))
  asking.attach()
  const unread = asking.ask(8, 9).fill.arrived(0, new AbortController().signal)
  const failed = assert.rejects(unread, /shutting down/)

  await on.runs.close()
  await failed
  assert.equal(on.runs.size, 0)
  assert.equal(on.origin.openBodies, 0)
})
