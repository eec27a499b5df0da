import assert from 'node:assert/strict'
import { once } from 'node:events'
import test, { after } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { CertificateTable } from '../../../src/http/certificates.ts'
import { type Certificate, makeCertificateFor } from '../../support/certificates.ts'
import { Http2Client } from './http2-client.ts'
import { echo, get, type Rig, startListener } from './rig.ts'

const [first, wild, exact, other] = await Promise.all([
  makeCertificateFor({ after }, ['first.test', 'a.wild.test']),
  makeCertificateFor({ after }, ['*.wild.test']),
  makeCertificateFor({ after }, ['b.wild.test', 'second.test']),
  makeCertificateFor({ after }, ['other.test', 'first.test']),
])
const minVersion = 'TLSv1.2'

async function serial(rig: Rig, servername: string, session?: Buffer): Promise<string> {
  const socket = await handshake(rig, servername, session)
  const { subjectaltname = '' } = socket.getPeerCertificate()
  socket.destroy()
  return subjectaltname
}

async function handshake(rig: Rig, servername: string, session?: Buffer): Promise<TLSSocket> {
  const port = Number(new URL(rig.url).port)
  const socket = connect({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    servername,
    ...(session && { session }),
  })
  rig.atEnd(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

const sanOf = (...names: readonly string[]) => names.map((name) => `DNS:${name}`).join(', ')

for (const [name, names] of [
  ['first.test', ['first.test', 'a.wild.test']],
  ['second.test', ['b.wild.test', 'second.test']],
  ['SECOND.test', ['b.wild.test', 'second.test']],
  ['c.wild.test', ['*.wild.test']],
  ['b.wild.test', ['b.wild.test', 'second.test']],
  ['a.wild.test', ['first.test', 'a.wild.test']],
  ['a.b.wild.test', ['first.test', 'a.wild.test']],
  ['wild.test', ['first.test', 'a.wild.test']],
  ['nobody.test', ['first.test', 'a.wild.test']],
  ['', ['first.test', 'a.wild.test']],
] as const) {
  test(`who asks for ${name || 'no host'} is shown the certificate of ${names.join(' and ')}`, async (t) => {
    const rig = await startListener(t, echo, { tls: { minVersion, certificates: [first, wild, exact, other] } })
    assert.equal(await serial(rig, name), sanOf(...names))
  })
}

test('renewed certificates are for new connections; those open go on', async (t) => {
  const rig = await startListener(t, echo, { tls: { minVersion, certificates: [first] } })
  const open = await rig.connectTls({ servername: 'first.test' })
  const client = new Http2Client(rig.url)
  rig.atEnd(() => client.session.destroy())
  await client.get('/1')
  rig.listener.renewCertificates([other, wild])
  assert.equal(await serial(rig, 'first.test'), sanOf('other.test', 'first.test'))
  assert.equal(await serial(rig, 'x.wild.test'), sanOf('*.wild.test'))
  assert.equal(await serial(rig, ''), sanOf('other.test', 'first.test'))
  open.send(get('/2'))
  await open.until('/2')
  assert.equal((await client.get('/3')).body.toString(), '/3')
  assert.equal(rig.listener.openConnections >= 2, true)
})

test('who comes back with a session from before is shown the renewed certificate', async (t) => {
  const rig = await startListener(t, echo, { tls: { minVersion, certificates: [first] } })
  const socket = await handshake(rig, 'first.test')
  socket.write(get('/'))
  const [session] = (await once(socket, 'session')) as [Buffer]
  rig.listener.renewCertificates([other])
  const again = await handshake(rig, 'first.test', session)
  assert.equal(again.isSessionReused(), false)
  assert.equal(again.getPeerCertificate().subjectaltname, sanOf('other.test', 'first.test'))
})

const broken: readonly [string, Pick<Certificate, 'cert' | 'key'>][] = [
  ['no certificate', { cert: 'none', key: first.key }],
  ['an empty one', { cert: '', key: first.key }],
  ['a torn one', { cert: first.cert.slice(0, 200), key: first.key }],
  ['no key', { cert: first.cert, key: 'none' }],
  ['an empty key', { cert: first.cert, key: '' }],
  ['the key of another', { cert: first.cert, key: wild.key }],
]
for (const [title, certificate] of broken) {
  test(`${title} is refused, at the start and later, and says which it is`, async (t) => {
    const rig = await startListener(t, echo, { tls: { minVersion, certificates: [first] } })
    assert.throws(() => rig.listener.renewCertificates([other, certificate]), /^Error: certificate 2 of 2: /)
    assert.equal(await serial(rig, 'first.test'), sanOf('first.test', 'a.wild.test'))
    assert.equal(await serial(rig, 'other.test'), sanOf('first.test', 'a.wild.test'))
    await assert.rejects(
      startListener(t, echo, { tls: { minVersion, certificates: [certificate] } }),
      /certificate 1 of 1: /,
    )
  })
}

test('no key is ever part of what is said of a refusal', () => {
  for (const [, certificate] of broken) {
    assert.throws(
      () => new CertificateTable({ minVersion, certificates: [certificate] }),
      (error: Error) => !error.message.includes('PRIVATE') && !error.message.includes(first.key.split('\n')[1] ?? ''),
    )
  }
})

test('nothing to renew with, and nothing to renew, are mistakes', async (t) => {
  const rig = await startListener(t, echo, { tls: { minVersion, certificates: [first] } })
  assert.throws(() => rig.listener.renewCertificates([]), /without a certificate/)
  const plain = await startListener(t, echo)
  assert.throws(() => plain.listener.renewCertificates([first]), /without TLS/)
})
