import assert from 'node:assert/strict'
import { constants } from 'node:http2'
import test from 'node:test'
import { Barrier } from '../../support/barrier.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { frame, frameType, plainGet, requestFrames } from '../../support/http2-frames.ts'
import { connectFrames, startHttp2, startTlsListener } from './http2-client.ts'
import { echo, respond } from './rig.ts'

test('an idle connection is told to go, and goes at once', async (t) => {
  const { client, listener, untilDone } = await startHttp2(t, echo, { clock: new FakeClock() })
  await client.get('/1')
  await untilDone(1)
  await listener.drain(60_000)
  assert.deepEqual(client.goaways, [constants.NGHTTP2_NO_ERROR])
})

test('requests in flight finish, and the client knows which later ones nobody heard', async (t) => {
  const slow = new Barrier()
  const rig = await startTlsListener(
    t,
    async () => {
      await slow.arrive()
      return respond('ok')
    },
    { clock: new FakeClock() },
  )
  const client = await connectFrames(rig)
  client.send(requestFrames(1, plainGet))
  await slow.reached
  const drained = rig.listener.drain(60_000)
  const { payload } = await client.until(({ type }) => type === frameType.goaway)
  assert.deepEqual([payload.readUInt32BE(), payload.readUInt32BE(4)], [1, constants.NGHTTP2_NO_ERROR])
  client.send(requestFrames(3, plainGet))
  slow.release()
  await client.until(({ streamId, type }) => streamId === 1 && type === frameType.data)
  await client.closed
  await drained
  assert.deepEqual(
    rig.done.map(({ sent }) => sent),
    [{ bytes: 2, complete: true }],
  )
  assert.equal(rig.listener.activeRequests, 0)
})

test('a connection that has not asked anything yet may do so for a second', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, echo, { clock })
  const [early, silent] = [await connectFrames(rig), await connectFrames(rig)]
  const drained = rig.listener.drain(60_000)
  await clock.untilWaiting(4)
  early.send(requestFrames(1, plainGet))
  await early.until(({ type }) => type === frameType.data)
  await early.until(({ type }) => type === frameType.goaway)
  assert.equal(
    silent.frames.some(({ type }) => type === frameType.goaway),
    false,
  )
  await clock.advance(1000)
  await silent.until(({ type }) => type === frameType.goaway)
  await drained
})

test('a response that was being sent when the drain began is sent to its end', async (t) => {
  const barrier = new Barrier()
  async function* halves() {
    yield Buffer.from('first ')
    await barrier.arrive()
    yield Buffer.from('second')
  }
  const answer = { status: 200, headers: [], body: { kind: 'stream', size: 12, read: halves, discard() {} } } as const
  const { client, listener } = await startHttp2(t, async () => answer, { clock: new FakeClock() })
  const received = client.get('/')
  await barrier.reached
  const drained = listener.drain(60_000)
  barrier.release()
  assert.equal((await received).body.toString(), 'first second')
  await drained
})

test('what is not finished at the limit is cut', async (t) => {
  const clock = new FakeClock()
  const never = new Barrier()
  const { client, listener, untilDone } = await startHttp2(
    t,
    async () => {
      await never.arrive()
      return respond('too late')
    },
    { clock },
  )
  const answer = client.get('/')
  await never.reached
  const drained = listener.drain(30_000)
  await clock.untilWaiting(2)
  await clock.advance(30_000)
  await drained
  never.release()
  assert.deepEqual((await untilDone(1)).sent, { bytes: 0, complete: false })
  assert.equal((await answer).status, Number.NaN)
})

test('a client that does not close after its last answer is cut after a while', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, echo, { clock })
  const client = await connectFrames(rig)
  client.send(requestFrames(1, plainGet))
  await rig.untilDone(1)
  client.socket.pause()
  const drained = rig.listener.drain(60_000)
  await clock.untilWaiting(3)
  await clock.advance(2000)
  await drained
})

for (const [title, more] of [
  ['says goodbye and stays', []],
  ['says goodbye, and then what nobody understands', [frame(frameType.continuation, 0, 1)]],
] as const) {
  test(`a client that ${title} is cut after a while`, async (t) => {
    const clock = new FakeClock()
    const rig = await startTlsListener(t, echo, { clock })
    const client = await connectFrames(rig)
    client.send(requestFrames(1, plainGet))
    await rig.untilDone(1)
    client.socket.allowHalfOpen = true
    client.send(frame(frameType.goaway, 0, 0, Buffer.alloc(8)), ...more)
    await client.until(({ type }) => type === frameType.goaway)
    await clock.untilWaiting(1)
    await clock.advance(2000)
    await rig.noneOpen()
    assert.equal(clock.waiting, 0)
  })
}

for (const method of ['GET', 'HEAD']) {
  test(`a ${method} whose connection breaks down without a word is given up in time`, async (t) => {
    const clock = new FakeClock()
    const asked = new Barrier()
    const rig = await startTlsListener(
      t,
      async () => {
        await asked.arrive()
        return respond('ok')
      },
      { clock },
    )
    const client = await connectFrames(rig)
    client.send(requestFrames(1, [':method', method, ...plainGet.slice(2)]))
    await asked.reached
    // nghttp2 ends a session that breaks the rules; node does not notice while that one is closing anyway.
    client.send(frame(frameType.goaway, 0, 0, Buffer.alloc(8)))
    await client.until(({ type }) => type === frameType.goaway)
    client.send(frame(frameType.continuation, 0, 1))
    await client.until(({ type, payload }) => type === frameType.goaway && payload.readUInt32BE(4) !== 0)
    asked.release()
    await clock.untilWaiting(1)
    while (rig.done.length === 0) await clock.advance(30_000)
    assert.equal(rig.done[0]?.sent.complete, false)
    await clock.advance(2000)
    await rig.noneOpen()
    assert.equal(rig.listener.activeRequests, 0)
  })
}
