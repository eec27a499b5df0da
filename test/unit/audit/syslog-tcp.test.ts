import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { advanceUntil } from '../../support/advance-until.ts'
import { auditLine, numberedLines } from '../../support/sink-events.ts'
import { SyslogServer } from '../../support/syslog-server.ts'
import { numbersIn, syslogSink } from './syslog-rig.ts'

async function startServer(t: TestContext): Promise<SyslogServer> {
  const server = new SyslogServer()
  await server.start()
  t.after(() => server.kill())
  return server
}

const count = (length: number) => Array.from({ length }, (_, index) => index)

test('lines arrive on one connection, each once and in order', async (t) => {
  const server = await startServer(t)
  const { sink, events } = syslogSink(t, { port: server.port })
  for (const line of numberedLines(5000)) sink.record(line)
  assert.equal(sink.depth, 5000)
  await server.until(() => server.messages.length === 5000)
  await events.untilWritten(5000)
  assert.deepEqual(numbersIn(server.messages), count(5000))
  assert.equal(server.connections.length, 1)
  assert.equal(sink.depth, 0)
})

test('lines gather for a tenth of a second after a batch, and the first of all waits for none', async (t) => {
  const server = await startServer(t)
  const { sink, events, clock } = syslogSink(t, { port: server.port })
  const [first, ...others] = numberedLines(3)
  if (first !== undefined) sink.record(first)
  await events.untilWritten(1)
  for (const line of others) sink.record(line)
  await clock.advance(99)
  // What was sent before is there when something of another one is.
  const probe = syslogSink(t, { port: server.port })
  probe.sink.record(auditLine('{"number":-1}'))
  await server.until(() => numbersIn(server.messages).includes(-1))
  assert.deepEqual(numbersIn(server.messages), [0, -1])
  assert.equal(sink.depth, 2)
  await clock.advance(1)
  await server.until(() => server.messages.length === 4)
  assert.deepEqual(numbersIn(server.messages), [0, -1, 1, 2])
})

test('lines gather no longer once there is a batch of them', async (t) => {
  const server = await startServer(t)
  const { sink, events, clock } = syslogSink(t, { port: server.port })
  const line = auditLine(JSON.stringify({ padding: 'x'.repeat(40_000) }))
  sink.record(line)
  await events.untilWritten(1)
  sink.record(line)
  await clock.untilWaiting(1)
  sink.record(line)
  await events.untilWritten(3)
})

test('lines wait for a server that is not there yet', async (t) => {
  const server = await startServer(t)
  await server.kill()
  const { sink, events, clock } = syslogSink(t, { port: server.port })
  for (const line of numberedLines(3)) sink.record(line)
  await events.untilFailed(1)
  assert.equal(sink.depth, 3)
  await server.start()
  await advanceUntil(clock, events.untilWritten(3))
  await server.until(() => server.messages.length === 3)
  assert.deepEqual(numbersIn(server.messages), [0, 1, 2])
})

test('attempts to connect get rarer, down to one in ten seconds', async (t) => {
  const server = await startServer(t)
  await server.kill()
  const { sink, events, clock } = syslogSink(t, { port: server.port })
  sink.record(auditLine('{}'))
  const delays: number[] = []
  for (let attempt = 1; attempt <= 8; attempt++) {
    await events.untilFailed(attempt)
    await clock.untilWaiting(1)
    const before = clock.monotonicMs()
    await advanceUntil(clock, events.untilFailed(attempt + 1), 25)
    delays.push(clock.monotonicMs() - before)
  }
  // Three quarters of 0.2 s, 0.4 s, ..., 10 s, and the turns that it takes to be refused.
  const expected = [150, 300, 600, 1200, 2400, 4800, 7500, 7500]
  for (const [index, ms] of delays.entries()) {
    const due = expected[index] ?? 0
    assert.ok(ms >= due && ms <= due + 1000, `delay ${index} is ${ms} ms, not ${due}`)
  }
})

test('after a reset everything that is not known to have left is sent, in order', async (t) => {
  const server = await startServer(t)
  const { sink, events, clock } = syslogSink(t, { port: server.port })
  for (const line of numberedLines(100)) sink.record(line)
  await server.until(() => server.messages.length === 100)
  await server.kill()
  for (const line of numberedLines(100, 100)) sink.record(line)
  await advanceUntil(clock, events.untilFailed(1))
  await server.start()
  await advanceUntil(clock, events.untilWritten(200))
  await server.until(() => numbersIn(server.messages).at(-1) === 199)
  assert.deepEqual(numbersIn(server.messages), count(200))
})

test('a server that reads nothing costs the queue and no more, and is left after half a minute', async (t) => {
  const server = await startServer(t)
  server.isDeaf = true
  const { sink, events, clock } = syslogSink(t, { port: server.port })
  const text = JSON.stringify({ padding: 'x'.repeat(60_000) })
  for (let line = 0; line < 2000; line++) sink.record(auditLine(text))
  const dropped = events.droppedLines('queue full')
  assert.equal(sink.depth + dropped, 2000)
  assert.ok(sink.depth * text.length <= 64 << 20)
  assert.ok(dropped > 800, `dropped ${dropped}`)

  await server.until(() => server.connections.length === 1)
  server.isDeaf = false
  await advanceUntil(clock, events.untilFailed(1), 1000)
  assert.match(String(events.failures[0]), /writing to the syslog server took longer than 30 s/)
  await advanceUntil(
    clock,
    events.until(() => sink.depth === 0),
  )
  assert.equal(events.writtenLines + dropped, 2000)
})

test('a line that comes while the server was restarted unnoticed is not lost once that shows', async (t) => {
  const server = await startServer(t)
  const { sink, events, clock } = syslogSink(t, { port: server.port })
  sink.record(auditLine('{"number":0}'))
  await server.until(() => server.messages.length === 1)
  await server.kill()
  await server.start()
  // The end of the connection has come to the sink when that of another one has come here.
  const probe = syslogSink(t, { port: server.port })
  probe.sink.record(auditLine('{"number":-1}'))
  await server.until(() => server.messages.length === 2)
  sink.record(auditLine('{"number":1}'))
  await advanceUntil(clock, events.untilWritten(2))
  await server.until(() => server.messages.length === 3)
  assert.deepEqual(numbersIn(server.messages), [0, -1, 1])
})

test('closing sends what waits, and lines that come later are dropped', async (t) => {
  const server = await startServer(t)
  const { sink, events } = syslogSink(t, { port: server.port })
  for (const line of numberedLines(1000)) sink.record(line)
  await sink.close()
  sink.record(auditLine('{}'))
  await server.until(() => server.messages.length === 1000)
  assert.deepEqual(events.drops, [{ lines: 1, reason: 'closed' }])
  await sink.close()
})

test('closing does not wait for others to gather', async (t) => {
  const server = await startServer(t)
  const { sink, events, clock } = syslogSink(t, { port: server.port })
  sink.record(auditLine('{}'))
  await events.untilWritten(1)
  sink.record(auditLine('{}'))
  await clock.untilWaiting(1)
  await sink.close()
  assert.equal(events.writtenLines, 2)
})

test('closing tries a server that was given up once more, and does not wait for the delay', async (t) => {
  const server = await startServer(t)
  await server.kill()
  const { sink, events } = syslogSink(t, { port: server.port })
  sink.record(auditLine('{}'))
  await events.untilFailed(1)
  await server.start()
  await sink.close()
  assert.equal(events.writtenLines, 1)
})

for (const kind of ['dead', 'deaf'] as const) {
  test(`closing takes two seconds at a ${kind} server, and what is left is told`, async (t) => {
    const server = await startServer(t)
    server.isDeaf = true
    if (kind === 'dead') await server.kill()
    const { sink, events, clock } = syslogSink(t, { port: server.port })
    const text = JSON.stringify({ padding: 'x'.repeat(60_000) })
    for (let line = 0; line < 500; line++) sink.record(auditLine(text))
    await (kind === 'dead' ? events.untilFailed(1) : server.until(() => server.connections.length === 1))
    await advanceUntil(clock, sink.close())
    assert.ok(clock.monotonicMs() <= 2500, `took ${clock.monotonicMs()} ms`)
    assert.ok(events.droppedLines('lost') > 0)
    assert.equal(events.writtenLines + events.droppedLines(), 500)
    assert.equal(sink.depth, 0)
    assert.equal(clock.waiting, 0)
  })
}
