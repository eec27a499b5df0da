import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { Abandoned } from '../../../src/base/errors.ts'
import { Barrier } from '../../support/barrier.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { echo, get, respond, startListener, statuses } from './rig.ts'

const MiB = 1024 * 1024
/** More than the kernel takes for a client that does not read. */
const plenty = 64 * MiB

test('a head that does not arrive in time is a 408', async (t) => {
  const { connect, rejected } = await startListener(t, echo, { requestTimeoutMs: 40 })
  const client = await connect()
  client.send('GET / HTTP/1.1\r\nHost: a')
  await client.ended
  assert.deepEqual(statuses(client.text), [408])
  assert.match(client.text, /"code":"RequestTimeout"/)
  assert.deepEqual(rejected, ['head-timeout'])
})

test('neither a connection that says nothing nor a slow second head may stay', async (t) => {
  const { connect, converse, rejected } = await startListener(t, echo, { requestTimeoutMs: 40 })
  assert.deepEqual(statuses(await converse('')), [408])
  const client = await connect()
  client.send(`${get('/1')}GET /2 HT`)
  await client.ended
  assert.deepEqual(statuses(client.text), [200, 408])
  assert.deepEqual(rejected, ['head-timeout', 'head-timeout'])
})

test('an idle connection is closed after the keep-alive timeout', async (t) => {
  const { connect, rejected } = await startListener(t, echo, { keepAliveTimeoutMs: 1 })
  const client = await connect()
  client.send(get('/1'))
  await client.ended
  assert.deepEqual(statuses(client.text), [200])
  assert.deepEqual(rejected, [])
})

test('a request that takes longer than its head might is not cut', async (t) => {
  const slow = new Barrier()
  const { connect } = await startListener(
    t,
    async (request) => {
      if (request.path === '/slow') await slow.arrive()
      return respond('done')
    },
    { requestTimeoutMs: 40 },
  )
  const client = await connect()
  client.send(get('/slow', 'Connection: close'))
  await slow.reached
  const other = await connect()
  await other.ended // timed out meanwhile
  slow.release()
  await client.until('done')
})

test('a client that takes no byte of a whole body is cut', async (t) => {
  const clock = new FakeClock()
  const { connect, untilDone } = await startListener(
    t,
    async () => ({ status: 200, headers: [], body: { kind: 'bytes', bytes: Buffer.alloc(plenty) } }),
    { clock },
  )
  const client = await connect()
  client.pause()
  client.send(get('/'))
  await clock.untilWaiting(1)
  await clock.advance(60_000)
  const { sent } = await untilDone(1)
  assert.equal(sent.complete, false)
})

test('a client that takes no byte of a stream is cut, and the source let go', async (t) => {
  const clock = new FakeClock()
  let pulled = 0
  let released = false
  async function* source() {
    try {
      for (; pulled < 1000; pulled++) yield Buffer.alloc(MiB)
    } finally {
      released = true
    }
  }
  const { connect, untilDone } = await startListener(
    t,
    async () => ({ status: 200, headers: [], body: { kind: 'stream', size: 1000 * MiB, read: source, discard() {} } }),
    { clock },
  )
  const client = await connect()
  client.pause()
  client.send(get('/'))
  await clock.untilWaiting(1)
  for (let before = -1; before !== pulled; ) {
    before = pulled
    await clock.advance(7500)
  }
  await clock.advance(60_000)
  const { sent } = await untilDone(1)
  assert.equal(sent.complete, false)
  assert.equal(released, true)
  assert.ok(pulled < 64, `pulled ${pulled} MiB for a client that took none`)
})

test('a client that takes a little now and then is served to the end', async (t) => {
  const clock = new FakeClock()
  const { connect, untilDone } = await startListener(
    t,
    async () => ({ status: 200, headers: [], body: { kind: 'bytes', bytes: Buffer.alloc(plenty, 'a') } }),
    { clock },
  )
  const client = await connect()
  client.pause()
  client.send(get('/', 'Connection: close'))
  await clock.untilWaiting(1)
  // Each time more than the kernel holds back, so that the listener can tell.
  for (let round = 0; round < 4; round++) {
    await clock.advance(20_000)
    await client.take(16 * MiB)
  }
  assert.deepEqual((await untilDone(1)).sent, { bytes: plenty, complete: true })
})

test('a client that has taken all there is may wait for a slow source', async (t) => {
  const clock = new FakeClock()
  const slow = new Barrier()
  async function* source() {
    yield Buffer.alloc(8 * MiB)
    await slow.arrive()
    yield Buffer.from('end')
  }
  const { connect } = await startListener(
    t,
    async () => ({ status: 200, headers: [], body: { kind: 'stream', size: 8 * MiB + 3, read: source, discard() {} } }),
    { clock },
  )
  const client = await connect()
  client.send(get('/'))
  await slow.reached
  await clock.advance(120_000)
  slow.release()
  await client.until('end')
})

test('a client that leaves while it waits is noticed', async (t) => {
  const asked = new Barrier()
  let reason: unknown
  const { connect, untilDone } = await startListener(t, async (request) => {
    const { signal } = request
    assert.equal(request.signal, signal)
    void asked.arrive()
    await once(signal, 'abort')
    reason = signal.reason
    return respond('too late')
  })
  const client = await connect()
  client.send(get('/'))
  await asked.reached
  client.destroy()
  const { sent } = await untilDone(1)
  assert.deepEqual(sent, { bytes: 0, complete: false })
  assert.ok(reason instanceof Abandoned)
})

test('who asks late whether the client is there learns that it is gone', async (t) => {
  const asked = new Barrier()
  let isAborted: boolean | undefined
  const { connect, untilDone, noneOpen } = await startListener(t, async (request) => {
    await asked.arrive()
    isAborted = request.signal.aborted
    return respond('')
  })
  const client = await connect()
  client.send(get('/'))
  await asked.reached
  client.destroy()
  await client.ended
  await noneOpen()
  asked.release()
  await untilDone(1)
  assert.equal(isAborted, true)
})

test('a request that was answered is never abandoned', async (t) => {
  let signal: AbortSignal | undefined
  const { converse, untilDone } = await startListener(t, async (request) => {
    signal = request.signal
    return respond('ok')
  })
  await converse(get('/', 'Connection: close'))
  await untilDone(1)
  assert.equal(signal?.aborted, false)
})
