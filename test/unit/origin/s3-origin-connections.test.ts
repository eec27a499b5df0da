import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Barrier } from '../../support/barrier.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { always, type RawConnection, startRawServer } from '../../support/raw-server.ts'
import { answer, ask, askForObject, bytesOf, failsWith, originAt, refTo, textOf } from './rig.ts'

/** Answers each request whole but for one, whose head it reads before it says nothing or closes. */
async function serveUntil(connection: RawConnection, requests: number): Promise<void> {
  for (let count = 0; count < requests; count += 1) {
    await connection.request()
    connection.send(answer(200, [], 'whole'))
  }
  await connection.request()
}

test('a kept-alive connection that closes under a request is replaced at once, and that is no attempt', async (t) => {
  const server = await startRawServer(t, async (connection, index) => {
    await serveUntil(connection, index === 0 ? 1 : 9)
    connection.close()
  })
  const { origin, events } = originAt(t, server.url, { connections: 1 })
  for (let time = 0; time < 2; time += 1) assert.equal(await textOf((await askForObject(origin)).body), 'whole')
  assert.equal(server.connections.length, 2)
  assert.equal(server.requests.length, 3)
  assert.deepEqual(events.answers, [200, 200])
})

test('HEAD too survives a dead kept-alive connection, one that is reset as well', async (t) => {
  const server = await startRawServer(t, async (connection, index) => {
    await serveUntil(connection, index === 0 ? 1 : 9)
    connection.socket.resetAndDestroy()
  })
  const { origin } = originAt(t, server.url, { connections: 1 })
  await textOf((await askForObject(origin)).body)
  assert.equal((await askForObject(origin, { method: 'HEAD' })).head.size, 5)
})

test('a failure of the replacement is the failure of the request', async (t) => {
  const server = await startRawServer(t, async (connection, index) => {
    await serveUntil(connection, index === 0 ? 1 : 0)
    connection.close()
  })
  const { origin, events } = originAt(t, server.url, { connections: 1 })
  await textOf((await askForObject(origin)).body)
  await assert.rejects(ask(origin), failsWith('OriginTruncated'))
  assert.equal(server.requests.length, 3)
  assert.deepEqual(events.answers, [200, 'error'])
})

test('a new connection that closes without an answer is not taken for a dead one', async (t) => {
  const server = await startRawServer(t, async (connection, index) => {
    await connection.request()
    if (index === 0) connection.send(answer(200, ['Connection: close', 'Content-Length: 0']))
    connection.close()
  })
  const { origin } = originAt(t, server.url, { connections: 1 })
  await textOf((await askForObject(origin)).body)
  await assert.rejects(ask(origin), failsWith('OriginTruncated'))
  assert.equal(server.requests.length, 2)
})

test('nothing is asked again once the answer has begun', async (t) => {
  const server = await startRawServer(t, async (connection) => {
    await serveUntil(connection, 1)
    connection.send('HTTP/1.1 2')
    connection.close()
  })
  const { origin } = originAt(t, server.url, { connections: 1 })
  await textOf((await askForObject(origin)).body)
  await assert.rejects(ask(origin), failsWith('OriginTruncated'))
  assert.equal(server.requests.length, 2)
})

test('a reader that does not read holds the origin back, and then gets every byte', async (t) => {
  const size = 32 * 1024 * 1024
  const server = await startRawServer(t, async (connection) => {
    await connection.request()
    connection.send(answer(200, [`Content-Length: ${size}`]))
    for (let sent = 0; sent < size; sent += 1024 * 1024) {
      const isTaken = connection.socket.write(Buffer.alloc(1024 * 1024, sent / (1024 * 1024)))
      if (!isTaken) await once(connection.socket, 'drain')
    }
  })
  const clock = new FakeClock()
  const { origin, events } = originAt(t, server.url, { timeoutMs: 1000 }, { clock })
  const { body } = await askForObject(origin)
  const chunks = body[Symbol.asyncIterator]()
  const first = await chunks.next()
  // The socket takes what it takes in these turns; were it not paused, it would take everything.
  for (let turns = 0; turns < 500; turns += 1) await turn()
  assert.ok(events.receivedBytes <= 256 * 1024, `${events.receivedBytes} bytes were taken unread`)
  await clock.advance(10_000) // waiting for its own reader is no timeout of the origin
  const all = Buffer.concat([first.value ?? Buffer.alloc(0), await bytesOf(body)])
  assert.equal(all.length, size)
  assert.equal(events.receivedBytes, size)
  for (let mib = 0; mib < 32; mib += 1) assert.equal(all[mib * 1024 * 1024 + 77], mib)
})

test('an aborted signal keeps the request from being sent', async (t) => {
  const server = await startRawServer(t, always(answer(200)))
  const signal = AbortSignal.abort(new Error('gone'))
  await assert.rejects(ask(originAt(t, server.url).origin, { signal }), { message: 'gone' })
  assert.equal(server.connections.length, 0)
})

test('the signal ends the wait for an answer with its reason, and the connection', async (t) => {
  const server = await startRawServer(t, async (connection) => {
    await connection.request()
    gone.abort(new Error('gone'))
  })
  const gone = new AbortController()
  const { origin, events } = originAt(t, server.url)
  await assert.rejects(ask(origin, { signal: gone.signal }), { message: 'gone' })
  await server.connections[0]?.closed()
  assert.deepEqual(events.answers, [])
})

test('the signal ends a body with its reason, dropping what is unread', async (t) => {
  const server = await startRawServer(t, always(answer(200, ['Content-Length: 10'], 'abc')))
  const gone = new AbortController()
  const { body } = await askForObject(originAt(t, server.url).origin, { signal: gone.signal })
  gone.abort(new Error('gone'))
  await assert.rejects(textOf(body), { message: 'gone' })
  await server.connections[0]?.closed()
})

test('leaving the loop early and cancelling both give the connection back', async (t) => {
  const server = await startRawServer(t, always(answer(200, ['Content-Length: 10'], 'abc')))
  const { origin } = originAt(t, server.url, { connections: 1 })
  for await (const chunk of (await askForObject(origin)).body) {
    assert.equal(Buffer.from(chunk).toString(), 'abc')
    break
  }
  const { body } = await askForObject(origin)
  body.cancel()
  body.cancel()
  assert.equal(await textOf(body), '')
  assert.equal((await askForObject(origin)).head.size, 10)
})

test('a body that is complete keeps its connection when it is cancelled', async (t) => {
  const server = await startRawServer(t, always(answer(200, [], 'abc')))
  const { origin } = originAt(t, server.url, { connections: 1 })
  for (let time = 0; time < 3; time += 1) (await askForObject(origin)).body.cancel()
  assert.equal(server.connections.length, 1)
})

test('requests beyond the pool wait for a connection, and how long is told', async (t) => {
  const clock = new FakeClock()
  const hold = new Barrier()
  const server = await startRawServer(t, async (connection) => {
    for (let request = await connection.request(); request !== undefined; request = await connection.request()) {
      await hold.arrive()
      connection.send(answer(200, [], 'abc'))
    }
  })
  const { origin, events } = originAt(t, server.url, { connections: 2 }, { clock })
  const answers = ['a', 'b', 'c'].map(async (key) => textOf((await askForObject(origin, {}, refTo(key))).body))
  while (server.requests.length < 2) await turn()
  await clock.advance(300)
  hold.release()
  assert.deepEqual(await Promise.all(answers), ['abc', 'abc', 'abc'])
  assert.equal(server.connections.length, 2)
  assert.deepEqual(events.waitsMs, [0, 0, 300])
})

test('a request given up while it waits for a connection is never sent and costs no connection', async (t) => {
  const hold = new Barrier()
  const server = await startRawServer(t, async (connection) => {
    for (let request = await connection.request(); request !== undefined; request = await connection.request()) {
      await hold.arrive()
      connection.send(answer(200, [], 'abc'))
    }
  })
  const { origin, events } = originAt(t, server.url, { connections: 1 })
  const first = askForObject(origin, {}, refTo('first'))
  const gone = new AbortController()
  const second = ask(origin, { signal: gone.signal }, refTo('second'))
  const third = askForObject(origin, {}, refTo('third'))
  await hold.reached
  gone.abort(new Error('gone'))
  await assert.rejects(second, { message: 'gone' })
  hold.release()
  await textOf((await first).body)
  await textOf((await third).body)
  assert.deepEqual(
    server.requests.map((head) => head.split(' ')[1]),
    ['/bucket/first', '/bucket/third'],
  )
  assert.equal(server.connections.length, 1)
  assert.equal(events.waitsMs.length, 2)
})

test('for a request given up while it waits no connection is opened', async (t) => {
  const hold = new Barrier()
  const server = await startRawServer(t, async (connection) => {
    await connection.request()
    await hold.arrive()
    connection.send(answer(200, ['Connection: close', 'Content-Length: 0']))
  })
  const { origin } = originAt(t, server.url, { connections: 1 })
  const first = askForObject(origin)
  const gone = new AbortController()
  const second = ask(origin, { signal: gone.signal })
  await hold.reached
  gone.abort(new Error('gone'))
  await assert.rejects(second)
  hold.release()
  await textOf((await first).body)
  await server.connections[0]?.closed()
  for (let turns = 0; turns < 20; turns += 1) await turn()
  assert.equal(server.connections.length, 1)
})

test('a request given up while its connection is being opened leaves the connection to the next', async (t) => {
  const server = await startRawServer(t, always(answer(200, [], 'abc')))
  const { origin } = originAt(t, server.url, { connections: 1 })
  const gone = new AbortController()
  const first = ask(origin, { signal: gone.signal }, refTo('first'))
  await Promise.resolve()
  await Promise.resolve()
  gone.abort(new Error('gone'))
  await assert.rejects(first, { message: 'gone' })
  assert.equal(await textOf((await askForObject(origin, {}, refTo('second'))).body), 'abc')
  assert.deepEqual(
    server.requests.map((head) => head.split(' ')[1]),
    ['/bucket/second'],
  )
  assert.equal(server.connections.length, 1)
})

test('closing ends what is under way, and later requests fail', async (t) => {
  const hold = new Barrier()
  const server = await startRawServer(t, async (connection) => {
    await connection.request()
    await hold.arrive()
  })
  const { origin } = originAt(t, server.url)
  const waiting = assert.rejects(ask(origin), { name: 'ProxyError' })
  await hold.reached
  await origin.close()
  await waiting
  await assert.rejects(ask(origin), failsWith('OriginUnreachable'))
  await server.connections[0]?.closed()
})

test('a signal that outlives many requests gathers no listeners', async (t) => {
  const server = await startRawServer(t, always(answer(200, [], 'abc')))
  const { origin } = originAt(t, server.url)
  const { signal } = new AbortController()
  let added = 0
  const [add, remove] = [signal.addEventListener, signal.removeEventListener]
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    added += 1
    add.apply(signal, args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    added -= 1
    remove.apply(signal, args)
  }
  for (let time = 0; time < 3; time += 1) await textOf((await askForObject(origin, { signal })).body)
  assert.equal(added, 0)
})

test('what is told of an exchange names the replica', async (t) => {
  const server = await startRawServer(t, (connection) => serveUntil(connection, 9))
  const { origin, events } = originAt(t, server.url, { replica: 'eu' })
  await textOf((await askForObject(origin)).body)
  assert.deepEqual(events.answeredBy, ['eu'])
})

test('requests without a connection are counted until they get one, or are given up', async (t) => {
  const released = Promise.withResolvers<void>()
  const server = await startRawServer(t, async (connection) => {
    await connection.request()
    connection.send(answer(200, ['Content-Length: 5']))
    await released.promise
    connection.send('whole')
    await serveUntil(connection, 1)
  })
  const { origin } = originAt(t, server.url, { connections: 1 })
  const first = await askForObject(origin)
  const [second, leaving] = [askForObject(origin), new AbortController()]
  const third = ask(origin, { signal: leaving.signal })
  while (origin.waiting < 2) await turn()
  leaving.abort(new Error('left'))
  await assert.rejects(third, /left/)
  assert.equal(origin.waiting, 1)
  released.resolve()
  await textOf(first.body)
  await textOf((await second).body)
  assert.equal(origin.waiting, 0)
})
