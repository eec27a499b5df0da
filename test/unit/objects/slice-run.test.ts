import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SliceRun } from '../../../src/objects/slice-run.ts'
import { HandBody, quiet, read, sliceBytes, stage } from './rig.ts'

test('a run asks for its slices by one range pinned to the version, and stores each of them', async () => {
  const on = stage(4)
  const run = new SliceRun(on.spec(1, 3), on)
  run.attach()
  for (const index of [1, 2, 3]) {
    const bytes = await read(run, index, 3)
    assert.deepEqual(bytes, Buffer.from(on.origin.bytes(index * sliceBytes, (index + 1) * sliceBytes)))
  }
  await run.ended
  assert.deepEqual(await Promise.all([0, 1, 2, 3].map(on.has)), [false, true, true, true])
  assert.equal(on.origin.requests, 1)
  assert.equal(on.origin.bytesSent, 3 * sliceBytes)
  run.detach()
})

test('a run reads two slices ahead of the furthest ask and then waits', async () => {
  const on = stage(10)
  const run = new SliceRun(on.spec(0, 9), on)
  run.attach()
  await read(run, 0, 9)
  await quiet()
  assert.deepEqual(await Promise.all([2, 3].map(on.has)), [true, false])
  await read(run, 1, 9)
  await quiet()
  assert.deepEqual(await Promise.all([3, 4].map(on.has)), [true, false])
  assert.equal(on.origin.requests, 1)
  run.detach()
  await run.ended
})

test('a run does not read past the last slice that a reader wants', async () => {
  const on = stage(10)
  const run = new SliceRun(on.spec(0, 9), on)
  run.attach()
  await read(run, 0)
  await quiet()
  assert.equal(await on.has(1), false)
  assert.equal(run.covers(1), true)
  assert.equal(run.covers(2), false) // slice 1 lies between, and nobody wants it
  run.detach()
  await run.ended
})

test('a run that waits for over a second gives back its connection and what it has read, and resumes where it was', async () => {
  const on = stage(10)
  const run = new SliceRun(on.spec(0, 9), on)
  run.attach()
  await read(run, 0, 9)
  await quiet()
  await on.clock.advance(999)
  await quiet()
  assert.equal(on.origin.openBodies, 1)
  await on.clock.advance(1)
  await quiet()
  assert.equal(on.origin.openBodies, 0)
  for (const index of [0, 1, 2]) {
    assert.equal(run.covers(index), false)
    assert.equal(await on.has(index), true)
  }
  for (let index = 3; index < 10; index += 1) {
    const bytes = await read(run, index, 9)
    assert.deepEqual(bytes, Buffer.from(on.origin.bytes(index * sliceBytes, (index + 1) * sliceBytes)))
  }
  assert.equal(on.origin.requests, 2)
  await run.ended
  run.detach()
})

test('when the last reader leaves, the slice in hand is finished and stored, and nothing after it', async () => {
  const on = stage(10)
  const body = new HandBody()
  const run = new SliceRun({ ...on.spec(0, 9), opened: { body, start: 0 } }, on)
  run.attach()
  const first = read(run, 0, 9)
  body.push(on.origin.bytes(0, 150))
  await first
  await quiet()
  run.detach()
  await quiet()
  body.push(on.origin.bytes(150, 170))
  await quiet()
  assert.equal(body.isCancelled, false)
  body.push(on.origin.bytes(170, 250))
  await run.ended
  assert.equal(body.isCancelled, true)
  assert.deepEqual(await Promise.all([0, 1, 2].map(on.has)), [true, true, false])
})

test('a reader who comes before the slice in hand is finished keeps the run alive', async () => {
  const on = stage(3)
  const body = new HandBody()
  const run = new SliceRun({ ...on.spec(0, 2), opened: { body, start: 0 } }, on)
  run.attach()
  run.ask(0, 2)
  body.push(on.origin.bytes(0, 150))
  await quiet()
  run.detach()
  assert.equal(run.covers(1), true)
  run.attach()
  const second = read(run, 1, 2)
  body.push(on.origin.bytes(150, 300))
  assert.deepEqual(await second, Buffer.from(on.origin.bytes(100, 200)))
  await read(run, 2, 2)
  await run.ended
  assert.equal(on.origin.requests, 0)
})

test('when the last reader leaves before the origin has answered, the request is called off', async () => {
  const on = stage(3)
  const run = new SliceRun(on.spec(0, 2), on)
  run.attach()
  run.ask(0, 2)
  run.detach()
  await run.ended
  assert.equal(on.origin.bytesSent, 0)
  assert.equal(run.covers(0), false)
})

test('bytes before the first whole slice of an open answer are passed over', async () => {
  const on = stage(4)
  const body = new HandBody()
  const run = new SliceRun({ ...on.spec(2, 3), opened: { body, start: 130 } }, on)
  run.attach()
  const [two, three] = [read(run, 2, 3), read(run, 3, 3)]
  for (let at = 130; at < 400; at += 35) body.push(on.origin.bytes(at, Math.min(400, at + 35)))
  assert.deepEqual(await two, Buffer.from(on.origin.bytes(200, 300)))
  assert.deepEqual(await three, Buffer.from(on.origin.bytes(300, 400)))
  assert.equal(await on.has(1), false)
})

test('a body that ends early fails the slice it ends in, and keeps the whole ones', async () => {
  const on = stage(3)
  const body = new HandBody()
  const run = new SliceRun({ ...on.spec(0, 2), opened: { body, start: 0 } }, on)
  run.attach()
  const [first, second] = [read(run, 0, 2), read(run, 1, 2)]
  body.push(on.origin.bytes(0, 150))
  body.end()
  await first
  await assert.rejects(second, { code: 'OriginTruncated' })
  await run.ended
  assert.deepEqual(await Promise.all([0, 1].map(on.has)), [true, false])
})

test('another version, or none, ends the run, and the head is gone before its readers hear of it', async () => {
  const on = stage(3)
  const { key } = on.spec(0, 2)
  await on.store.put(key.id, { kind: 'object', head: on.head })
  on.origin.change()
  const run = new SliceRun(on.spec(0, 2), on)
  run.attach()
  await assert.rejects(read(run, 0, 2), { code: 'ObjectChanged' })
  assert.equal(await on.store.has(key.id), false)
})

test('a failing origin is no reason to forget the head', async () => {
  const on = stage(3)
  const { key } = on.spec(0, 2)
  await on.store.put(key.id, { kind: 'object', head: on.head })
  const body = new HandBody()
  const at = on.clock.now()
  const failing = {
    ...{ name: 'failing', fingerprint: 'f', waiting: 0, close: async () => {} },
    ask: async () => {
      return {
        kind: 'object' as const,
        head: { status: 503, headers: [], requestedAt: at, receivedAt: at },
        start: 0,
        body,
      }
    },
  }
  const run = new SliceRun({ ...on.spec(0, 2), origin: failing }, on)
  run.attach()
  await assert.rejects(read(run, 0, 2), { code: 'OriginError' })
  assert.equal(await on.store.has(key.id), true)
  assert.equal(body.isCancelled, true)
})

test('a run tells the origin whether its readers have had bytes already', async () => {
  const on = stage(10)
  const told: (boolean | undefined)[] = []
  const ask = on.origin.ask.bind(on.origin)
  on.origin.ask = (ref, query) => {
    told.push(query.isGoingOn)
    return ask(ref, query)
  }
  const run = new SliceRun(on.spec(2, 9), on)
  run.attach()
  await read(run, 2, 9)
  await quiet()
  await on.clock.advance(1000) // parked
  await quiet()
  await read(run, 5, 9)
  assert.deepEqual(told, [false, true])
  run.detach()
  await run.ended
})
