/** Certificates for servers and clients on loopback, made anew for each test file. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runTool } from './child-process.ts'

export interface Certificate {
  readonly certPath: string
  readonly keyPath: string
  readonly cert: string
  readonly key: string
}

export interface Certificates {
  readonly ca: Certificate
  readonly server: Certificate
  readonly client: Certificate
}

export async function makeCertificates(t: { after(clean: () => void): void }): Promise<Certificates> {
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-certificates-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const ca = await make(folder, 'ca', [])
  const issued = ['-CA', ca.certPath, '-CAkey', ca.keyPath, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
  return { ca, server: await make(folder, 'server', issued), client: await make(folder, 'client', issued) }
}

/** Signed by itself, for hosts of these names. */
export async function makeCertificateFor(
  t: { after(clean: () => void): void },
  names: readonly [string, ...string[]],
): Promise<Certificate> {
  const folder = mkdtempSync(join(tmpdir(), 'yatagarasu-certificate-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const subjectAltName = names.map((name) => `DNS:${name}`).join(',')
  return make(folder, 'host', ['-addext', `subjectAltName=${subjectAltName}`])
}

async function make(folder: string, name: string, more: readonly string[]): Promise<Certificate> {
  const [certPath, keyPath] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyPath]
  const request = ['req', '-x509', ...key, '-out', certPath, '-days', '2', '-subj', `/CN=test ${name}`]
  await runTool('openssl', [...request, ...more], { env: process.env, signal: AbortSignal.timeout(30_000) })
  return { certPath, keyPath, cert: readFileSync(certPath, 'latin1'), key: readFileSync(keyPath, 'latin1') }
}
