import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates, type TlsOptions } from 'node:tls'
import { advanceUntil } from '../../support/advance-until.ts'
import { makeCertificateFor, makeCertificates } from '../../support/certificates.ts'
import { auditLine, numberedLines } from '../../support/sink-events.ts'
import { SyslogServer } from '../../support/syslog-server.ts'
import { numbersIn, syslogSink } from './syslog-rig.ts'

/** What NODE_EXTRA_CA_CERTS does for a process. */
function trust(t: TestContext, authority: string): void {
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, authority])
  t.after(() => setDefaultCACertificates(before))
}

async function startServer(t: TestContext, options: TlsOptions): Promise<SyslogServer> {
  const server = new SyslogServer(options)
  await server.start()
  t.after(() => server.kill())
  return server
}

for (const host of ['127.0.0.1', 'localhost']) {
  test(`lines go over TLS to ${host}, whose certificate an authority of this process has signed`, async (t) => {
    const { ca, server: own } = await makeCertificates(t)
    trust(t, ca.cert)
    const server = await startServer(t, { cert: own.cert, key: own.key })
    const { sink, events } = syslogSink(t, { protocol: 'tls', host, port: server.port })
    for (const line of numberedLines(1000)) sink.record(line)
    await server.until(() => server.messages.length === 1000)
    await events.untilWritten(1000)
    assert.deepEqual(
      numbersIn(server.messages),
      Array.from({ length: 1000 }, (_, index) => index),
    )
  })
}

test('no line goes to a server whose certificate nobody vouches for', async (t) => {
  const { server: own } = await makeCertificates(t)
  await refused(t, await startServer(t, { cert: own.cert, key: own.key }), /unable to verify/)
})

test('no line goes to a server whose certificate is for another host', async (t) => {
  const other = await makeCertificateFor(t, ['elsewhere.example'])
  trust(t, other.cert)
  await refused(t, await startServer(t, { cert: other.cert, key: other.key }), /does not match certificate's altnames/)
})

test('no line goes over TLS 1.1', async (t) => {
  const { ca, server: own } = await makeCertificates(t)
  trust(t, ca.cert)
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  await refused(t, await startServer(t, { cert: own.cert, key: own.key, ...old }), /protocol version/)
})

async function refused(t: TestContext, server: SyslogServer, reason: RegExp): Promise<void> {
  const { sink, events, clock } = syslogSink(t, { protocol: 'tls', port: server.port })
  sink.record(auditLine('{"number":0}'))
  await events.untilFailed(1)
  assert.match(String(events.failures[0]), reason)
  await advanceUntil(clock, sink.close())
  assert.deepEqual(server.messages, [])
  assert.deepEqual(events.drops, [{ lines: 1, reason: 'lost' }])
}
