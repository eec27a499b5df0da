import assert from 'node:assert/strict'
import type { ServerHttp2Stream } from 'node:http2'
import test from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { http2Wire } from '../../../src/http/http2-wire.ts'
import type { ProxyResponse } from '../../../src/http/messages.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { frame, frameType, plainGet, requestFrames } from '../../support/http2-frames.ts'
import { connectFrames, startTlsListener } from './http2-client.ts'
import { respond } from './rig.ts'

const MiB = 1024 * 1024

/** Lets the listener send as much as it likes. */
const openWindows = [frame(frameType.settings, 0, 0, Buffer.of(0, 4, 64, 0, 0, 0)), windowUpdate(0, 2 ** 30)] as const

function windowUpdate(streamId: number, bytes: number): Buffer {
  const payload = Buffer.alloc(4)
  payload.writeUInt32BE(bytes)
  return frame(frameType.windowUpdate, 0, streamId, payload)
}

const large: ProxyResponse = { status: 200, headers: [], body: { kind: 'bytes', bytes: Buffer.alloc(64 * MiB) } }
const firstWindow = 65_535

test('a stream whose window stays shut is cut, and the others of its connection are not', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, async ({ path }) => (path === '/x' ? large : respond('ok')), { clock })
  const client = await connectFrames(rig)
  client.send(windowUpdate(0, 2 ** 30), requestFrames(1, plainGet))
  await client.until(() => client.dataOf(1) === firstWindow)
  await clock.advance(29_000)
  client.send(requestFrames(3, [...plainGet.slice(0, -1), '/small']))
  await client.until(() => client.dataOf(3) === 2)
  await clock.advance(10_000)
  assert.equal((await rig.untilDone(2)).sent.complete, false)
  assert.equal((await client.until(({ type }) => type === frameType.reset)).streamId, 1)
  client.send(requestFrames(5, [...plainGet.slice(0, -1), '/small']))
  await client.until(() => client.dataOf(5) === 2)
})

test('a stream whose window opens a little now and then is served on', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, async () => large, { clock })
  const client = await connectFrames(rig)
  client.send(windowUpdate(0, 2 ** 30), requestFrames(1, plainGet))
  const step = 16 * 1024
  for (let allowed = firstWindow; allowed < firstWindow + 5 * step; allowed += step) {
    await client.until(() => client.dataOf(1) === allowed)
    await clock.advance(20_000)
    client.send(windowUpdate(1, step))
  }
  assert.equal(rig.done.length, 0)
})

test('a client that paces all its streams by the window of the connection keeps them', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, async () => large, { clock })
  const client = await connectFrames(rig)
  const ids = [1, 3, 5, 7, 9]
  const sent = () => ids.reduce((sum, id) => sum + client.dataOf(id), 0)
  client.send(...ids.flatMap((id) => [requestFrames(id, plainGet), windowUpdate(id, 2 ** 30)]))
  const step = 2000
  for (let allowed = firstWindow; allowed < firstWindow + 8 * step; allowed += step) {
    await client.until(() => sent() === allowed)
    await clock.advance(20_000)
    client.send(windowUpdate(0, step))
  }
  assert.equal(rig.done.length, 0)
})

test('a client that takes nothing from its connection is cut, and with it all its streams', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, async () => large, { clock })
  const client = await connectFrames(rig)
  client.send(...openWindows, requestFrames(1, plainGet), requestFrames(3, plainGet))
  await client.until(() => client.dataOf(1) > 0 && client.dataOf(3) > 0)
  client.socket.pause()
  for (; rig.done.length < 2; await turn()) await clock.advance(7500)
  assert.deepEqual(
    rig.done.map(({ sent }) => sent.complete),
    [false, false],
  )
})

test('while its connection is full, a client that takes a little now and then keeps all its streams', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, async () => large, { clock })
  const client = await connectFrames(rig)
  const ids = Array.from({ length: 20 }, (_, index) => 2 * index + 1)
  client.send(...openWindows, ...ids.map((id) => requestFrames(id, plainGet)))
  await client.until(() => ids.every((id) => client.dataOf(id) > 0))
  // Each time more than the kernel holds back, so that the listener can tell.
  for (let round = 0; round < 5; round++) {
    client.socket.pause()
    await clock.advance(20_000)
    const before = client.socket.bytesRead
    client.socket.resume()
    await client.until(() => client.socket.bytesRead >= before + 16 * MiB)
  }
  assert.equal(rig.done.length, 0)
})

test('a stream that waits behind others makes progress with its connection, and by itself once that is free', () => {
  const socket = { bytesWritten: 1000, _handle: { writeQueueSize: 400 } }
  const stream = {
    writableLength: 10,
    session: { socket, state: { remoteWindowSize: MiB } },
  } as unknown as ServerHttp2Stream
  const { taken } = http2Wire.stallOf(stream, () => 10)
  const before = taken()
  socket._handle.writeQueueSize = 300
  const meanwhile = taken()
  assert.notEqual(meanwhile, before)
  socket._handle.writeQueueSize = 0
  const free = taken()
  socket.bytesWritten += 5000
  assert.equal(taken(), free)
})
