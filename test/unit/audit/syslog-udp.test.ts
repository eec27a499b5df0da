import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { advanceUntil } from '../../support/advance-until.ts'
import { auditLine, numberedLines } from '../../support/sink-events.ts'
import { numbersIn, syslogSink } from './syslog-rig.ts'

interface Collector {
  readonly port: number
  readonly messages: string[]
  readonly socket: Socket
  stop(): Promise<void>
}

async function startCollector(t: TestContext, address = '127.0.0.1', port = 0): Promise<Collector> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  const messages: string[] = []
  socket.on('message', (message) => messages.push(message.toString()))
  socket.bind(port, address)
  await once(socket, 'listening')
  let isStopped = false
  const stop = async () => {
    if (isStopped) return
    isStopped = true
    await once(socket.close(), 'close')
  }
  t.after(stop)
  return { port: socket.address().port, messages, socket, stop }
}

async function untilCame(collector: Collector, count: number): Promise<void> {
  while (collector.messages.length < count) await once(collector.socket, 'message')
}

for (const [host, address] of [
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  ['localhost', '127.0.0.1'],
] as const) {
  test(`each line is a datagram of its own to ${host}`, async (t) => {
    const collector = await startCollector(t, address)
    const { sink, events } = syslogSink(t, { protocol: 'udp', host, port: collector.port })
    for (const line of numberedLines(50)) sink.record(line)
    await untilCame(collector, 50)
    await events.untilWritten(50)
    assert.deepEqual(
      numbersIn(collector.messages),
      Array.from({ length: 50 }, (_, index) => index),
    )
    assert.match(collector.messages[0] ?? '', /^<134>1 \S+ cache-1 yatagarasu 4711 AUDIT - {/)
  })
}

test('a line that fits into no datagram is dropped and told, and those around it go', async (t) => {
  const collector = await startCollector(t)
  const { sink, events } = syslogSink(t, { protocol: 'udp', port: collector.port })
  const [before, after] = numberedLines(2)
  if (before !== undefined) sink.record(before)
  sink.record(auditLine(JSON.stringify('x'.repeat(65_507))))
  if (after !== undefined) sink.record(after)
  await untilCame(collector, 2)
  await events.untilWritten(2)
  assert.deepEqual(numbersIn(collector.messages), [0, 1])
  assert.deepEqual(events.drops, [{ lines: 1, reason: 'too long' }])
})

test('the longest datagram there is goes', async (t) => {
  const collector = await startCollector(t)
  const { sink, events, clock } = syslogSink(t, { protocol: 'udp', port: collector.port })
  sink.record(auditLine('""'))
  await untilCame(collector, 1)
  const headerBytes = (collector.messages[0] ?? '').length - 2
  sink.record(auditLine('x'.repeat(65_507 - headerBytes)))
  sink.record(auditLine('x'.repeat(65_508 - headerBytes)))
  await advanceUntil(
    clock,
    events.until(() => events.writtenLines === 2 && events.drops.length === 1),
  )
  await untilCame(collector, 2)
  assert.equal(collector.messages[1]?.length, 65_507)
})

test('lines wait while the host says that nobody listens, and go when somebody does', async (t) => {
  const collector = await startCollector(t)
  await collector.stop()
  const { sink, events, clock } = syslogSink(t, { protocol: 'udp', port: collector.port })
  // The first one leaves: only its refusal, which comes back later, shows that it went nowhere.
  sink.record(auditLine('{"number":0}'))
  await events.untilWritten(1)
  sink.record(auditLine('{"number":1}'))
  await advanceUntil(clock, events.untilFailed(1))
  assert.match(String(events.failures[0]), /ECONNREFUSED/)
  const next = await startCollector(t, '127.0.0.1', collector.port)
  await advanceUntil(clock, events.untilWritten(2))
  await untilCame(next, 1)
  assert.deepEqual(numbersIn(next.messages), [1])
})

test('a name without an address is a failure like any other, and does not keep the sink from closing', async (t) => {
  const { sink, events, clock } = syslogSink(t, { protocol: 'udp', host: 'no-such-host.invalid', port: 514 })
  sink.record(auditLine('{}'))
  await events.untilFailed(1)
  await advanceUntil(clock, sink.close())
  assert.deepEqual(events.drops, [{ lines: 1, reason: 'lost' }])
})
