import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { Agent, request } from 'undici'
import { makeCertificates } from '../support/certificates.ts'
import { startFakeOrigin } from '../support/fake-origin.ts'
import { type ProxyProcess, startProxyProcess } from '../support/proxy-process.ts'
import { configFor } from '../support/start-proxy.ts'

async function startWithTls(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-tls-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [cert_path, key_path] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const use = async () => {
    const { server } = await makeCertificates(t)
    copyFileSync(server.certPath, cert_path)
    copyFileSync(server.keyPath, key_path)
  }
  await use()
  const origin = await startFakeOrigin(t)
  origin.serve('a.txt', 'crow')
  const proxy = await startProxyProcess(t, configFor(origin.endpoint, { server: { tls: { cert_path, key_path } } }))
  return { proxy, use, breakKey: () => writeFileSync(key_path, 'no key') }
}

function serialNumber({ main }: ProxyProcess): Promise<{ socket: TLSSocket; serial: string }> {
  const { hostname, port } = new URL(main)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      resolve({ socket, serial: socket.getPeerCertificate().serialNumber })
    }).on('error', reject)
  })
}

async function untilPrinted(proxy: ProxyProcess, text: string, times = 1): Promise<void> {
  while (proxy.stdout.filter((line) => line.includes(text)).length < times) {
    await request(`${proxy.metrics}/health`).then(({ body }) => body.dump())
  }
}

test('HTTP/1.1 and HTTP/2 over TLS, and metrics in the clear', async (t) => {
  const { proxy } = await startWithTls(t)
  assert.match(proxy.main, /^https:/)
  assert.match(proxy.metrics, /^http:/)

  const http1 = new Agent({ allowH2: false, connect: { rejectUnauthorized: false } })
  t.after(() => http1.close())
  const miss = await request(`${proxy.main}/b/a.txt`, { dispatcher: http1 })
  assert.equal(await miss.body.text(), 'crow')

  const session = connectHttp2(proxy.main, { rejectUnauthorized: false })
  const stream = session.request({ ':path': '/b/a.txt' })
  const fields = await new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve))
  assert.equal(fields[':status'], 200)
  assert.equal(fields['x-cache'], 'HIT')
  assert.equal(Buffer.concat(await stream.toArray()).toString(), 'crow')
  session.destroy()
})

test('SIGHUP shows newcomers the new certificate, and a pair that is none changes nothing', async (t) => {
  const { proxy, use, breakKey } = await startWithTls(t)
  const first = await serialNumber(proxy)

  await use()
  proxy.signal('SIGHUP')
  await untilPrinted(proxy, 'config is reloaded')
  const second = await serialNumber(proxy)
  assert.notEqual(second.serial, first.serial)

  breakKey()
  proxy.signal('SIGHUP')
  await untilPrinted(proxy, 'config is not reloaded')
  const third = await serialNumber(proxy)
  assert.equal(third.serial, second.serial)

  first.socket.write('GET /b/a.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const answer = Buffer.concat(await first.socket.toArray()).toString()
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\ncrow$/)
  for (const { socket } of [second, third]) socket.destroy()
})
