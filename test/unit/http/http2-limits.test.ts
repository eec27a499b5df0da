import assert from 'node:assert/strict'
import { constants } from 'node:http2'
import test, { type TestContext } from 'node:test'
import type { RejectReason } from '../../../src/http/refusal.ts'
import { Barrier } from '../../support/barrier.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import {
  type FrameClient,
  flag,
  frame,
  frameType,
  headerBlock,
  plainGet,
  requestFrames,
} from '../../support/http2-frames.ts'
import { connectFrames, startHttp2, startTlsListener } from './http2-client.ts'
import { echo, respond } from './rig.ts'

/** More than the listener bears of anything. */
const plenty = 20_000

const resetOf = (streamId: number) => frame(frameType.reset, 0, streamId, Buffer.of(0, 0, 0, constants.NGHTTP2_CANCEL))
const idOf = (index: number) => 2 * index + 1

const floods: readonly [string, RejectReason, (index: number) => Buffer][] = [
  [
    'requests that are reset at once',
    'h2-flood',
    (i) => Buffer.concat([requestFrames(idOf(i), plainGet), resetOf(idOf(i))]),
  ],
  [
    'a head without an end',
    'h2-flood',
    (i) =>
      i === 0
        ? frame(frameType.headers, flag.endStream, 1, headerBlock(plainGet))
        : frame(frameType.continuation, 0, 1, headerBlock([`x-${i}`, 'a'.repeat(1000)])),
  ],
  [
    'a head that goes on with nothing',
    'h2-flood',
    (i) => (i === 0 ? frame(frameType.headers, 0, 1, headerBlock(plainGet)) : frame(frameType.continuation, 0, 1)),
  ],
  ['settings', 'h2-flood', () => frame(frameType.settings, 0, 0)],
  ['pings', 'h2-flood', () => frame(frameType.ping, 0, 0, Buffer.alloc(8))],
  ['malformed requests', 'h2-flood', (i) => requestFrames(idOf(i), [...plainGet, 'connection', 'close'])],
  ['requests beyond the number allowed', 'h2-flood', (i) => requestFrames(idOf(i), [...plainGet, 'x-wait', '1'])],
  ['bytes that are no frames', 'h2-protocol', () => Buffer.alloc(9, 'x')],
  ['data that nobody asked for', 'h2-protocol', (i) => frame(frameType.data, 0, idOf(i), Buffer.alloc(100))],
]
for (const [title, reason, nth] of floods) {
  test(`${title}: the connection is closed, counted as ${reason}, and memory stays flat`, async (t) => {
    const { rig, handled } = await startWaiting(t)
    const client = await connectFrames(rig)
    const before = process.memoryUsage().rss
    await pour(client, nth)
    await rig.noneOpen()
    assert.deepEqual(rig.rejected, [reason])
    // What a single read brings may come on top of what is allowed.
    assert.ok(handled() <= 2000, `${handled()} requests were handled`)
    assert.equal(rig.listener.activeRequests, 0)
    const grown = (process.memoryUsage().rss - before) / 1024 / 1024
    assert.ok(grown < 64, `${Math.round(grown)} MiB for one connection`)
    assert.equal((await (await connectFrames(rig)).until(({ type }) => type === frameType.settings)).streamId, 0)
  })
}

/** Whatever is asked is answered once its client is gone. */
async function startWaiting(t: TestContext) {
  let handled = 0
  const rig = await startTlsListener(t, async ({ signal }) => {
    handled += 1
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    return respond('too late')
  })
  return { rig, handled: () => handled }
}

/** A thousand at a time, each once the kernel has taken those before, for as long as they are taken. */
async function pour(client: FrameClient, nth: (index: number) => Buffer): Promise<void> {
  for (let sent = 0; sent < plenty && !client.socket.destroyed; sent += 1000) {
    const frames = Array.from({ length: 1000 }, (_, index) => nth(sent + index))
    if (client.send(...frames)) continue
    await Promise.race([new Promise((resolve) => client.socket.once('drain', resolve)), client.closed])
  }
}

test('a client that gives up a few requests now and then is no flood', async (t) => {
  const { rig } = await startWaiting(t)
  const client = await connectFrames(rig)
  for (let i = 0; i < 300; i++) client.send(requestFrames(idOf(i), plainGet), resetOf(idOf(i)))
  client.send(frame(frameType.ping, 0, 0, Buffer.alloc(8)))
  await client.until(({ type, flags }) => type === frameType.ping && flags === flag.ack)
  assert.deepEqual(rig.rejected, [])
  assert.equal(rig.listener.openConnections, 1)
})

test('as many requests at once as are allowed are handled, and one more is to be tried again', async (t) => {
  const full = new Barrier()
  let asked = 0
  const rig = await startTlsListener(t, async () => {
    asked += 1
    await full.arrive()
    return respond('ok')
  })
  const client = await connectFrames(rig)
  client.send(...Array.from({ length: 129 }, (_, i) => requestFrames(idOf(i), plainGet)))
  const refused = await client.until(({ type }) => type === frameType.reset)
  assert.equal(refused.streamId, idOf(128))
  assert.equal(refused.payload.readUInt32BE(), constants.NGHTTP2_REFUSED_STREAM)
  assert.equal(asked, 128)
  full.release()
  await rig.untilDone(128)
  client.send(requestFrames(idOf(129), plainGet))
  await rig.untilDone(129)
  assert.deepEqual(rig.rejected, [])
})

test('a head of many references into the compression table is reset before it grows', async (t) => {
  const rig = await startTlsListener(t, echo)
  const client = await connectFrames(rig)
  // RFC 7541 §6.2.1 and §6.1: one field added to the table, and then named by its place there, a byte each time.
  const added = headerBlock(['x-much', 'a'.repeat(300)])
  added[0] = 0x40
  const block = Buffer.concat([headerBlock(plainGet), added, Buffer.alloc(12_000, 0x80 | 62)])
  client.send(frame(frameType.headers, flag.endStream | flag.endHeaders, 1, block))
  const { payload } = await client.until(({ type }) => type === frameType.reset)
  assert.equal(payload.readUInt32BE(), constants.NGHTTP2_ENHANCE_YOUR_CALM)
  assert.equal(rig.done.length, 0)
})

test('a client that asks for nothing in time is sent away', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, echo, { clock })
  const client = await connectFrames(rig)
  client.send(frame(frameType.headers, 0, 1, headerBlock(plainGet)), frame(frameType.continuation, 0, 1))
  await client.until(({ type }) => type === frameType.settings)
  await clock.untilWaiting(1)
  await clock.advance(30_000)
  await client.until(({ type }) => type === frameType.goaway)
  await clock.advance(2000)
  await rig.noneOpen()
  assert.deepEqual(rig.rejected, ['head-timeout'])
  assert.equal(clock.waiting, 0)
})

test('an idle connection is closed after the keep-alive timeout, pings or not', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, echo, { clock, keepAliveTimeoutMs: 4000 })
  const client = await connectFrames(rig)
  client.send(requestFrames(1, plainGet))
  await rig.untilDone(1)
  for (let seconds = 0; seconds < 4; seconds++) {
    await clock.advance(1000)
    client.send(frame(frameType.ping, 0, 0, Buffer.alloc(8, seconds)))
    await client.until(({ type, payload }) => type === frameType.ping && payload[0] === seconds)
  }
  assert.equal(client.frames.filter(({ type }) => type === frameType.goaway).length, 0)
  await clock.advance(1000)
  const { payload } = await client.until(({ type }) => type === frameType.goaway)
  assert.equal(payload.readUInt32BE(4), constants.NGHTTP2_NO_ERROR)
  await client.closed
  await rig.noneOpen()
  assert.deepEqual(rig.rejected, [])
})

test('a connection with a request under way is not idle', async (t) => {
  const clock = new FakeClock()
  const slow = new Barrier()
  const { client } = await startHttp2(
    t,
    async () => {
      await slow.arrive()
      return respond('ok')
    },
    { clock, keepAliveTimeoutMs: 4000 },
  )
  const answer = client.get('/')
  await slow.reached
  for (let i = 0; i < 30; i++) await clock.advance(1000)
  await new Promise((resolve) => client.session.ping(resolve))
  assert.deepEqual(client.goaways, [])
  slow.release()
  assert.equal((await answer).body.toString(), 'ok')
})

test('each request begins the wait anew', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, echo, { clock, keepAliveTimeoutMs: 4000 })
  const client = await connectFrames(rig)
  for (let i = 0; i < 4; i++) {
    client.send(requestFrames(idOf(i), plainGet))
    await rig.untilDone(i + 1)
    for (let seconds = 0; seconds < 3; seconds++) await clock.advance(1000)
  }
  client.send(frame(frameType.ping, 0, 0, Buffer.alloc(8)))
  await client.until(({ type }) => type === frameType.ping)
  assert.equal(client.frames.filter(({ type }) => type === frameType.goaway).length, 0)
})

test('a client that leaves without a request leaves nothing behind', async (t) => {
  const clock = new FakeClock()
  const rig = await startTlsListener(t, echo, { clock })
  const client = await connectFrames(rig)
  await client.until(({ type }) => type === frameType.settings)
  client.socket.destroy()
  await rig.noneOpen()
  await clock.advance(30_000)
  assert.equal(clock.waiting, 0)
  assert.deepEqual(rig.rejected, [])
})

test('a client is told how much it may ask', async (t) => {
  const { client } = await startHttp2(t, echo)
  await client.get('/')
  const { maxConcurrentStreams, maxHeaderListSize } = client.session.remoteSettings
  assert.deepEqual([maxConcurrentStreams, maxHeaderListSize], [128, 32_768])
})
