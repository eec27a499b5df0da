/** The syslog sink against rsyslog, which parses every message. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SyslogSink } from '../../src/audit/syslog-sink.ts'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { startRsyslog } from '../support/rsyslog.ts'
import { auditLine, numberedLines, RecordedSinkEvents } from '../support/sink-events.ts'

function sinkTo(port: number, protocol: 'udp' | 'tcp') {
  const events = new RecordedSinkEvents()
  const ports = { clock: systemClock, random: systemRandom, events, hostname: 'cache-1', pid: 4711 }
  return { events, sink: new SyslogSink({ host: '127.0.0.1', port, protocol, facility: 'local3' }, ports) }
}

for (const protocol of ['udp', 'tcp'] as const) {
  test(`rsyslog finds every field of a message over ${protocol}`, async (t) => {
    const server = await startRsyslog(t)
    const { sink } = sinkTo(server.port, protocol)
    const text = '{"object_key":"films/été ☃.mp4","user_agent":"a \\"b\\" [c]\\n"}'
    sink.record(auditLine(text, 'warning'))
    const [received] = await server.untilReceived(protocol, 1)
    await sink.close()
    assert.deepEqual(received, {
      priority: String(19 * 8 + 4),
      version: '1',
      time: '2026-11-20T10:15:00.000Z',
      hostname: 'cache-1',
      app: 'yatagarasu',
      process: '4711',
      id: 'AUDIT',
      structured: '-',
      message: text,
    })
  })
}

test('a long line arrives whole over TCP', async (t) => {
  const server = await startRsyslog(t)
  const { sink } = sinkTo(server.port, 'tcp')
  const text = JSON.stringify({ request_path: `/${'é'.repeat(50_000)}` })
  sink.record(auditLine(text))
  const [received] = await server.untilReceived('tcp', 1)
  await sink.close()
  assert.equal(received?.message, text)
})

test('lines recorded while rsyslog is dead arrive when it is back, in order', async (t) => {
  const server = await startRsyslog(t)
  const { sink, events } = sinkTo(server.port, 'tcp')
  for (const line of numberedLines(500)) sink.record(line)
  await server.untilReceived('tcp', 500)
  await server.kill()
  for (const line of numberedLines(500, 500)) sink.record(line)
  await events.untilFailed(1)
  await server.start()
  const received = await server.untilReceived('tcp', 1000)
  await sink.close()
  const numbers = received.map(({ message }) => (JSON.parse(message) as { number: number }).number)
  assert.deepEqual(
    numbers,
    Array.from({ length: 1000 }, (_, index) => index),
  )
  assert.deepEqual(events.drops, [])
})
