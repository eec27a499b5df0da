/** Large objects that several threads read at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs, Etag } from '../../../src/base/types.ts'
import type { OpenResult } from '../../../src/objects/wanted.ts'
import { ByteOrigin } from '../../support/byte-origin.ts'
import { HandBody, never, quiet } from '../objects/rig.ts'
import { ScriptedOrigin, sliceBytes, threads } from './threads.ts'

const size = 20 * sliceBytes
const whole = { start: 0, end: size }
/** An origin that takes its time over each chunk. */
const slowly = { size, chunkBytes: 25, pauses: [4] }

function objectOf(result: OpenResult) {
  if (result.kind === 'missing') throw new Error('missing')
  return result.object
}

test('two threads that read a large object at once ask for each byte once', async () => {
  const origin = new ByteOrigin(slowly)
  await using on = threads(3, origin)
  const got = await Promise.all(on.threads.map((thread) => thread.get()))
  for (const { bytes } of got) assert.deepEqual(Buffer.from(bytes), Buffer.from(origin.bytes(0, size)))
  assert.deepEqual([origin.requests, origin.bytesSent], [1, size])
})

test('two threads that begin to read at the same instant what is known by its head alone have one run', async () => {
  const origin = new ByteOrigin(slowly)
  await using on = threads(3, origin)
  await on.thread(0).get({ method: 'HEAD' })
  const { has } = on.store
  // Whoever may run it looks for a while for what is cached already.
  on.store.has = async (id) => {
    await quiet()
    return has.call(on.store, id)
  }
  const got = await Promise.all(on.threads.map((thread) => thread.get()))
  for (const { bytes } of got) assert.deepEqual(Buffer.from(bytes), Buffer.from(origin.bytes(0, size)))
  assert.deepEqual([origin.requests, origin.bytesSent], [2, size])
  assert.deepEqual(got.map(({ own }) => own.asked).filter(Boolean).length, 1)
})

for (const [first, second] of [
  [0, 10],
  [10, 0],
] as const) {
  test(`a run from slice ${first} on and one of another thread from slice ${second} on ask for each byte once`, async () => {
    const origin = new ByteOrigin({ ...slowly, pauses: [40] })
    await using on = threads(2, origin)
    await on.thread(0).get({ method: 'HEAD' })
    const ranges = [first, second].map((slice) => ({ start: slice * sliceBytes, end: size }))
    const reading = on.thread(0).get({ range: ranges[0] })
    await quiet()
    const got = await Promise.all([reading, on.thread(1).get({ range: ranges[1] })])
    for (const [at, { bytes }] of got.entries())
      assert.deepEqual(Buffer.from(bytes), Buffer.from(origin.bytes(ranges[at]?.start ?? 0, size)))
    assert.equal(origin.bytesSent, size)
  })
}

test('ranges of a cold object cost one request each, and the head is not asked for twice', async () => {
  const origin = new ByteOrigin(slowly)
  await using on = threads(2, origin)
  const ranges = [
    { start: 0, end: 200 },
    { start: 1000, end: 1100 },
  ]
  const got = await Promise.all(ranges.map((range, at) => on.thread(at).get({ range })))
  for (const [at, { start, end }] of ranges.entries())
    assert.deepEqual(Buffer.from(got[at]?.bytes ?? []), Buffer.from(origin.bytes(start, end)))
  assert.deepEqual([origin.requests, origin.bytesSent], [2, 300])
})

/** Of the whole object, whose first slice is on its way. */
async function readerOn(on: ReturnType<typeof threads>, thread: number) {
  const object = objectOf((await on.thread(thread).open()).result)
  await object.prepare(whole, never)
  return object
}

/** Thread 1 reads slice 2, which is stored, and finds it only when it looks again. */
async function expectFoundAtSecondLook(on: ReturnType<typeof threads>, origin: ByteOrigin): Promise<void> {
  const { lend } = on.store
  let looks = 0
  on.store.lend = async (id, timeline) => {
    const isEarly = id === on.key.sliceId(2) && looks++ === 0
    return isEarly ? undefined : lend.call(on.store, id, timeline)
  }
  const { bytes } = await on.thread(1).get({ range: { start: 2 * sliceBytes, end: 3 * sliceBytes } })
  assert.deepEqual(Buffer.from(bytes), Buffer.from(origin.bytes(2 * sliceBytes, 3 * sliceBytes)))
  assert.deepEqual([looks, origin.requests], [2, 1])
}

test('who looked just before a slice of another thread was stored finds it, and asks nobody', async () => {
  const origin = new ByteOrigin(slowly)
  await using on = threads(2, origin)
  const first = await readerOn(on, 0)
  for await (const piece of first.read({ start: 0, end: 6 * sliceBytes }, never)) assert.ok(piece.length > 0)
  await expectFoundAtSecondLook(on, origin)
  first.release()
})

test('so does who looked just before it was stored by a run that has ended since', async () => {
  const origin = new ByteOrigin(slowly)
  await using on = threads(2, origin)
  await on.thread(0).get()
  await expectFoundAtSecondLook(on, origin)
})

test('a slow reader on the thread of a run holds up nobody on another', async () => {
  const origin = new ByteOrigin(slowly)
  await using on = threads(2, origin)
  const slow = await readerOn(on, 0)
  const { bytes } = await on.thread(1).get()
  assert.deepEqual(Buffer.from(bytes), Buffer.from(origin.bytes(0, size)))
  assert.deepEqual([origin.requests, origin.bytesSent], [1, size])
  slow.release()
})

test('a run goes on for the readers of other threads when its own have left, and ends with them', async () => {
  const origin = new ByteOrigin(slowly)
  await using on = threads(2, origin)
  const [first, second] = [await readerOn(on, 0), await readerOn(on, 1)] as const
  first.release()
  await quiet()
  assert.equal(on.thread(0).runs.size, 1)
  const rest = second.read({ start: 0, end: 5 * sliceBytes }, never)
  for await (const piece of rest) assert.ok(piece.length > 0)
  assert.equal(origin.requests, 1)
  second.release()
  await quiet()
  assert.equal(on.thread(0).runs.size, 0)
  assert.ok(origin.bytesSent < size)
})

test('a reader of another thread that says nothing for ten seconds keeps no run alive', async () => {
  const origin = new ByteOrigin(slowly)
  await using on = threads(2, origin)
  const [first, second] = [await readerOn(on, 0), await readerOn(on, 1)] as const
  first.release()
  await quiet()
  await on.clock.advance(10_000)
  await quiet()
  assert.equal(on.thread(0).runs.size, 0)
  second.release()
})

test('when the thread of a run ends, its readers elsewhere ask for the rest by themselves', async () => {
  const origin = new ByteOrigin(slowly)
  await using on = threads(3, origin)
  const lost = await readerOn(on, 1)
  const reading = [on.thread(0).get(), on.thread(2).get()]
  await quiet()
  await on.thread(1).die()
  for (const { bytes } of await Promise.all(reading))
    assert.deepEqual(Buffer.from(bytes), Buffer.from(origin.bytes(0, size)))
  assert.equal(origin.requests, 2)
  lost.release()
})

test('when a thread ends, its readers keep no run alive on others', async () => {
  const origin = new ByteOrigin(slowly)
  await using on = threads(2, origin)
  const first = await readerOn(on, 0)
  await readerOn(on, 1)
  first.release()
  await on.thread(1).die()
  await quiet()
  assert.equal(on.thread(0).runs.size, 0)
})

test('what a run of another thread does not store any more is not stored by who reads it', async () => {
  const origin = new ByteOrigin(slowly)
  await using on = threads(2, origin)
  const first = await readerOn(on, 0)
  on.thread(0).runs.storeNothing(() => true)
  const { bytes } = await on.thread(1).get()
  assert.deepEqual(Buffer.from(bytes), Buffer.from(origin.bytes(0, size)))
  assert.equal(await on.store.has(on.key.sliceId(12)), false)
  first.release()
})

/** Sends the head of a large object, and no byte of its body. */
function hanging() {
  const origin = new ScriptedOrigin()
  const at = Date.UTC(2026, 0, 1) as EpochMs
  const head = { status: 200, etag: '"v1"' as Etag, size, headers: [], requestedAt: at, receivedAt: at }
  origin.willAnswer(async ({ signal }) => {
    const body = new HandBody()
    signal.addEventListener('abort', () => body.cancel())
    return { kind: 'object', head, start: 0, body }
  })
  return origin
}

test('a client that leaves while it waits for another thread gets its own reason, and leaves nothing', async () => {
  await using on = threads(2, hanging())
  const first = objectOf((await on.thread(0).open()).result)
  const second = objectOf((await on.thread(1).open()).result)
  const client = new AbortController()
  const waiting = assert.rejects(second.prepare(whole, client.signal), /client gone/)
  await quiet()
  client.abort(new Error('client gone'))
  await waiting
  second.release()
  first.release()
  await on.thread(0).runs.close()
})

test('a slice that another thread does not bring within ten seconds is asked for', async () => {
  const origin = hanging()
  await using on = threads(2, origin)
  const first = objectOf((await on.thread(0).open()).result)
  const second = objectOf((await on.thread(1).open()).result)
  const waiting = second.prepare(whole, never).catch(() => {})
  await quiet()
  assert.equal(origin.queries.length, 1)
  await on.clock.advance(10_000)
  await quiet()
  assert.equal(origin.queries.length, 2)
  for (const object of [first, second]) object.release()
  for (const { runs } of on.threads) await runs.close()
  await waiting
})
