import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { after, test } from 'node:test'
import { Agent, request } from 'undici'
import { makeCertificateFor } from '../../support/certificates.ts'
import { startProxy } from '../../support/start-proxy.ts'

const certificate = await makeCertificateFor({ after }, ['localhost'])
const server = { tls: { cert_path: certificate.certPath, key_path: certificate.keyPath } }

test('over TLS an object is the same in HTTP/1.1 and HTTP/2, cached once for both', async (t) => {
  const { proxy, origin } = await startProxy(t, { server })
  origin.serve('a.txt', 'hello', { headers: { 'x-amz-meta-n': 'caf\xe9', 'Content-Type': 'text/plain' } })
  const agent = new Agent({ connect: { rejectUnauthorized: false }, allowH2: false })
  t.after(() => agent.destroy())
  const session = connect(proxy.main, { rejectUnauthorized: false })
  t.after(() => session.destroy())

  const older = await request(`${proxy.main}/b/a.txt`, { dispatcher: agent })
  assert.equal(await older.body.text(), 'hello')
  const stream = session.request({ ':path': '/b/a.txt' })
  const fields = new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve))
  assert.equal((await stream.toArray()).join(''), 'hello')

  const { ':status': status, ...newer } = await fields
  assert.equal(status, 200)
  assert.equal(newer['x-cache'], 'HIT')
  for (const name of [
    'etag',
    'last-modified',
    'x-amz-meta-n',
    'content-type',
    'content-length',
    'date',
    'accept-ranges',
  ]) {
    assert.equal(newer[name], older.headers[name], name)
  }
  assert.equal(origin.requests('a.txt').length, 1)
  await proxy.untilLogged(2)
})
