import type { TestContext } from 'node:test'
import { SyslogSink, type SyslogSinkOptions } from '../../../src/audit/syslog-sink.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { RecordedSinkEvents } from '../../support/sink-events.ts'

/** A sink on a clock that stands still; half of every delay is chance, and chance is half here. */
export function syslogSink(t: TestContext, options: Partial<SyslogSinkOptions> & { readonly port: number }) {
  const clock = new FakeClock()
  const events = new RecordedSinkEvents()
  const ports = { clock, events, random: createFakeRandom(), hostname: 'cache-1', pid: 4711 }
  const sink = new SyslogSink({ host: '127.0.0.1', protocol: 'tcp', facility: 'local0', ...options }, ports)
  t.after(async () => {
    const closed = sink.close()
    await clock.advance(2000)
    await closed
  })
  return { clock, events, sink }
}

/** The numbers in messages made from numbered lines. */
export function numbersIn(messages: readonly string[]): readonly number[] {
  return messages.map((message) => (JSON.parse(message.slice(message.indexOf('{'))) as { number: number }).number)
}
