import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants } from 'node:http2'
import test from 'node:test'
import { Abandoned } from '../../../src/base/errors.ts'
import type { Handler } from '../../../src/http/messages.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { flag, frame, frameType, plainGet, requestFrames } from '../../support/http2-frames.ts'
import { connectFrames, read, startHttp2, startTlsListener } from './http2-client.ts'
import { respond } from './rig.ts'

const most = 8
const reads: Handler = async (request) => respond(`<${Buffer.from(await request.readBody(most)).toString()}>`)
const post = { ':method': 'POST', ':path': '/', ':authority': 'a.test' }

for (const [title, fields, pieces, whole] of [
  ['nothing', {}, undefined, ''],
  ['an empty end', {}, [], ''],
  ['a length', { 'content-length': '5' }, ['hel', 'lo'], 'hello'],
  ['data without a length', {}, ['hello', ' to'], 'hello to'],
] as const) {
  test(`a body that comes as ${title} is read as it is`, async (t) => {
    const { client } = await startHttp2(t, reads)
    const stream = client.open({ ...post, ...fields }, { endStream: pieces === undefined })
    const answer = read(stream)
    for (const piece of pieces ?? []) stream.write(piece)
    if (pieces !== undefined) stream.end()
    assert.equal((await answer).body.toString(), `<${whole}>`)
  })
}

test('a body that ended without a byte before anybody read it is empty', async (t) => {
  const isEnded = Promise.withResolvers<void>()
  const rig = await startTlsListener(t, async (request, trace) => {
    await isEnded.promise
    return reads(request, trace)
  })
  const client = await connectFrames(rig)
  client.send(requestFrames(1, plainGet, 0), frame(frameType.data, flag.endStream, 1))
  client.send(frame(frameType.ping, 0, 0, Buffer.alloc(8)))
  await client.until(({ type }) => type === frameType.ping)
  isEnded.resolve()
  const { payload } = await client.until(({ type, streamId }) => type === frameType.data && streamId === 1)
  assert.equal(payload.toString(), '<>')
})

test('a body larger than allowed is refused, and its client told to stop', async (t) => {
  const rig = await startTlsListener(t, reads)
  const client = await connectFrames(rig)
  client.send(requestFrames(1, plainGet, 0))
  client.send(frame(frameType.data, 0, 1, Buffer.alloc(9)))
  const { payload } = await client.until(({ type }) => type === frameType.reset)
  assert.equal(payload.readUInt32BE(), constants.NGHTTP2_NO_ERROR)
  const { response, sent } = await rig.untilDone(1)
  assert.deepEqual([response.status, sent.complete], [413, true])
  client.send(requestFrames(3, plainGet))
  assert.equal((await rig.untilDone(2)).response.status, 200)
  assert.equal(rig.listener.activeRequests, 0)
})

test('a body declared as larger than allowed is refused at once', async (t) => {
  const { client, listener, untilDone } = await startHttp2(t, reads)
  const stream = client.open({ ...post, 'content-length': '9' }, { endStream: false })
  assert.equal((await read(stream)).status, 413)
  await untilDone(1)
  assert.equal(listener.activeRequests, 0)
})

test('a client that waits for a 100 gets it when somebody reads', async (t) => {
  const { client } = await startHttp2(t, reads)
  const stream = client.open({ ...post, expect: '100-continue' }, { endStream: false })
  const answer = read(stream)
  await once(stream, 'continue')
  stream.end('hello')
  assert.equal((await answer).body.toString(), '<hello>')
})

test('a body that comes too slowly is a 408, and the connection goes on', async (t) => {
  const clock = new FakeClock()
  const reading = Promise.withResolvers<void>()
  const handle: Handler = async (request) => {
    const body = request.readBody(most)
    reading.resolve()
    return respond(`${(await body).length}`)
  }
  const rig = await startTlsListener(t, handle, { clock, requestTimeoutMs: 5000 })
  const client = await connectFrames(rig)
  client.send(requestFrames(1, plainGet, 0))
  client.send(frame(frameType.data, 0, 1, Buffer.from('hell')))
  await reading.promise
  await clock.advance(5000)
  assert.equal((await rig.untilDone(1)).response.status, 408)
  client.send(requestFrames(3, plainGet, flag.endStream))
  assert.equal((await rig.untilDone(2)).response.status, 200)
})

test('whoever reads a body hears of it when the client gives up', async (t) => {
  const failures: unknown[] = []
  const rig = await startTlsListener(t, async (request) => {
    await request.readBody(most).catch((error) => failures.push(error))
    return respond('')
  })
  const client = await connectFrames(rig)
  client.send(requestFrames(1, [...plainGet, 'expect', '100-continue'], 0))
  await client.until(({ type }) => type === frameType.headers)
  client.send(frame(frameType.reset, 0, 1, Buffer.of(0, 0, 0, constants.NGHTTP2_CANCEL)))
  assert.equal((await rig.untilDone(1)).sent.complete, false)
  assert.ok(failures[0] instanceof Abandoned)
})

test('a body of another length than declared is none', async (t) => {
  const failures: unknown[] = []
  const { client, untilDone } = await startHttp2(t, async (request) => {
    await request.readBody(most).catch((error) => failures.push(error))
    return respond('')
  })
  const stream = client.open({ ...post, 'content-length': '5', expect: '100-continue' }, { endStream: false })
  await once(stream, 'continue')
  stream.end('hell')
  await untilDone(1)
  assert.ok(failures[0] instanceof Abandoned)
})
