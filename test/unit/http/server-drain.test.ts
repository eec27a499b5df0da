import assert from 'node:assert/strict'
import test from 'node:test'
import { Barrier } from '../../support/barrier.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { echo, get, respond, startListener } from './rig.ts'

test('a request in flight finishes, and says that the connection closes', async (t) => {
  const barrier = new Barrier()
  const { connect, listener } = await startListener(t, async (request) => {
    await barrier.arrive()
    return respond(request.path)
  })
  const client = await connect()
  client.send(get('/1'))
  await barrier.reached
  const drained = listener.drain(60_000)
  barrier.release()
  await drained
  await client.ended
  assert.match(client.text, /^HTTP\/1\.1 200 .*Connection: close\r\n\r\n\/1$/s)
  assert.equal(listener.openConnections, 0)
  assert.equal(listener.activeRequests, 0)
})

test('of pipelined requests all are answered, and only the last says goodbye', async (t) => {
  const barrier = new Barrier()
  const { connect, listener } = await startListener(t, async (request) => {
    if (request.path === '/2') await barrier.arrive()
    if (request.path === '/1') await barrier.arrive()
    return respond(request.path)
  })
  const client = await connect()
  client.send(`${get('/1')}${get('/2')}`)
  await barrier.reached
  const drained = listener.drain(60_000)
  barrier.release()
  await drained
  await client.ended
  assert.match(client.text, /Connection: keep-alive.*\/1HTTP.*Connection: close.*\/2$/s)
})

test('idle connections are closed at once, and no new one is accepted', async (t) => {
  const clock = new FakeClock()
  const { connect, listener } = await startListener(t, echo, { clock })
  const idle = await connect()
  idle.send(get('/1'))
  await idle.until('/1')
  await listener.drain(60_000)
  await idle.ended
  await assert.rejects(connect(), { code: 'ECONNREFUSED' })
})

test('a request that was under way when the drain began is served', async (t) => {
  const { connect, listener } = await startListener(t, echo)
  const client = await connect()
  client.send(get('/1'))
  await client.until('/1')
  client.send(get('/2'))
  await new Promise(setImmediate) // the bytes are with the kernel, and nobody has read them
  const drained = listener.drain(60_000)
  await drained
  await client.ended
  assert.match(client.text, /Connection: close\r\n\r\n\/2$/)
})

test('a connection that has not said anything yet may do so for a second', async (t) => {
  const clock = new FakeClock()
  const { connect, listener } = await startListener(t, echo, { clock })
  const [early, silent] = [await connect(), await connect()]
  const drained = listener.drain(60_000)
  await clock.untilWaiting(2)
  early.send(get('/early'))
  await early.ended
  assert.match(early.text, /Connection: close\r\n\r\n\/early$/)
  assert.equal(listener.openConnections, 1)
  await clock.advance(1000)
  await drained
  await silent.ended
  assert.equal(silent.text, '')
  assert.equal(clock.waiting, 0)
})

test('what is not finished at the limit is cut', async (t) => {
  const clock = new FakeClock()
  const never = new Barrier()
  const { connect, listener, untilDone } = await startListener(
    t,
    async () => {
      await never.arrive()
      return respond('too late')
    },
    { clock },
  )
  const client = await connect()
  client.send(get('/1'))
  await never.reached
  const drained = listener.drain(30_000)
  await clock.untilWaiting(2)
  await clock.advance(29_999)
  assert.equal(listener.openConnections, 1)
  await clock.advance(1)
  await drained
  await client.ended
  assert.equal(client.text, '')
  never.release()
  assert.deepEqual((await untilDone(1)).sent, { bytes: 0, complete: false })
})

test('a response that was being sent when the drain began is sent to its end', async (t) => {
  const barrier = new Barrier()
  async function* halves() {
    yield Buffer.from('first ')
    await barrier.arrive()
    yield Buffer.from('second')
  }
  const answer = {
    status: 200,
    headers: [],
    body: { kind: 'stream', size: 12, read: halves, discard() {} },
  } as const
  const clock = new FakeClock()
  const { connect, listener } = await startListener(t, async () => answer, { clock })
  const client = await connect()
  client.send(get('/'))
  await client.until('first ')
  const drained = listener.drain(60_000)
  await clock.untilWaiting(2)
  barrier.release()
  await drained
  await client.ended
  assert.match(client.text, /first second$/)
})

test('a hundred connections drain without a reset, accepted or not', async (t) => {
  const barrier = new Barrier()
  const { connect, listener } = await startListener(t, async (request) => {
    await barrier.arrive()
    return respond(request.path)
  })
  const clients = await Promise.all(Array.from({ length: 100 }, connect))
  for (const [i, client] of clients.entries()) client.send(get(`/${i}.`))
  await barrier.reached
  const drained = listener.drain(60_000)
  barrier.release()
  await drained
  await Promise.all(clients.map((client) => client.ended))
  for (const [i, client] of clients.entries()) assert.ok(client.text.endsWith(`/${i}.`))
})

test('draining an idle listener takes no time', async (t) => {
  const clock = new FakeClock()
  const { listener, connect } = await startListener(t, echo, { clock })
  await listener.drain(60_000)
  assert.equal(clock.waiting, 0)
  await assert.rejects(connect(), { code: 'ECONNREFUSED' })
})
