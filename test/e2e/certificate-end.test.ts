import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeCertificates } from '../support/certificates.ts'
import { runTool } from '../support/child-process.ts'
import { makeFolder } from '../support/disk-folders.ts'
import { startProxyProcess } from '../support/proxy-process.ts'
import { configFor } from '../support/start-proxy.ts'

test('the metrics tell when the first certificate ends, and after SIGHUP when the first of the new ones does', async (t) => {
  const folder = await makeFolder(t)
  const { server: soon } = await makeCertificates(t)
  const later = { certPath: join(folder, 'later.crt'), keyPath: join(folder, 'later.key') }
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', later.keyPath]
  const request = ['req', '-x509', ...key, '-out', later.certPath, '-days', '90', '-subj', '/CN=later']
  await runTool('openssl', request, { env: process.env, signal: AbortSignal.timeout(30_000) })
  const pair = { cert_path: join(folder, 'cert.pem'), key_path: join(folder, 'key.pem') }
  await copyFile(soon.certPath, pair.cert_path)
  await copyFile(soon.keyPath, pair.key_path)
  const tls = { cert_path: later.certPath, key_path: later.keyPath, certificates: [pair] }
  const proxy = await startProxyProcess(t, JSON.stringify(configFor('http://127.0.0.1:9', { server: { tls } })))
  const told = async () => {
    const text = await (await fetch(`${proxy.metrics}/metrics`)).text()
    return 1000 * Number(/^yatagarasu_certificate_not_after_seconds (\S+)$/m.exec(text)?.[1])
  }
  const endOf = (pem: string) => new X509Certificate(pem).validToDate.getTime()
  assert.equal(await told(), endOf(soon.cert))

  await copyFile(later.certPath, pair.cert_path)
  await copyFile(later.keyPath, pair.key_path)
  proxy.signal('SIGHUP')
  while ((await told()) !== endOf(await readFile(later.certPath, 'latin1')));
})
