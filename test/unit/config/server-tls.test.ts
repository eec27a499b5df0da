import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import test from 'node:test'
import type { EpochMs } from '../../../src/base/types.ts'
import { parseConfig } from '../../../src/config/load.ts'
import { formatProblem } from '../../../src/config/problem.ts'
import { type Certificate, makeCertificates } from '../../support/certificates.ts'
import { configOf, oneBucket, problemsOf } from './parse-yaml.ts'

const withTls = (settings: string, key = 'tls') => `server: { ${key}: { ${settings} } }\n${oneBucket}`
const pair = ({ certPath, keyPath }: Certificate) => `cert_path: ${certPath}, key_path: ${keyPath}`
const texts = ({ cert, key }: Certificate) => ({ cert, key })

const halves: readonly (readonly [text: string, ...problems: string[]])[] = [
  [withTls(''), 'server.tls (line 1): needs cert_path and key_path, or certificates'],
  [`server:\n  tls:\n${oneBucket}`, 'server.tls (line 2): needs cert_path and key_path, or certificates'],
  [withTls('min_tls_version: 1.3'), 'server.tls (line 1): needs cert_path and key_path, or certificates'],
  [withTls('certificates: []'), 'server.tls (line 1): needs cert_path and key_path, or certificates'],
  [
    withTls('cert_path: "", key_path: ""', 'https'),
    'server.https (line 1): needs cert_path and key_path, or certificates',
  ],
  [withTls('certificates: [{ cert_path: /gone }]'), 'server.tls.certificates[0].key_path (line 1): is required'],
  [
    withTls('min_tls_version: 1.1'),
    'server.tls.min_tls_version (line 1): must be one of 1.2, 1.3, did you mean "1.2"?',
  ],
  [withTls('enabled: true'), 'server.tls.enabled (line 1): unknown key'],
  [
    `server: { tls: {}, https: {} }\n${oneBucket}`,
    'server.https (line 1): is given twice: here and as server.tls (line 1)',
  ],
]

for (const [text, ...problems] of halves) {
  test(`${text.slice(0, text.indexOf('buckets')).replaceAll('\n', ' ').trim()} is refused`, () => {
    assert.deepEqual(problemsOf(text).slice(0, problems.length), problems)
  })
}

test('certificates are read with the config, the first of them for everybody else', async (t) => {
  const { server, client, ca } = await makeCertificates(t)
  const tlsOf = (settings: string, key = 'tls') => configOf(withTls(settings, key)).server.tls
  assert.deepEqual(tlsOf(pair(server)), { minVersion: 'TLSv1.2', certificates: [texts(server)] })
  assert.deepEqual(tlsOf(`${pair(server)}, min_tls_version: "1.3", certificates: [{ ${pair(client)} }]`, 'https'), {
    minVersion: 'TLSv1.3',
    certificates: [texts(server), texts(client)],
  })
  const several = tlsOf(`min_tls_version: 1.3, certificates: [{ ${pair(client)} }, { ${pair(ca)} }]`)
  assert.deepEqual(several, { minVersion: 'TLSv1.3', certificates: [texts(client), texts(ca)] })
})

test('files that are no certificate with its key are told', async (t) => {
  const { server, client } = await makeCertificates(t)
  const problems = (settings: string) => problemsOf(withTls(settings))
  const at = (path: string) => `server.tls.${path} (line 1):`
  assert.deepEqual(problems(`cert_path: ${server.certPath}`), [`${at('cert_path')} needs key_path beside it`])
  assert.deepEqual(problems(`key_path: ${server.keyPath}`), [`${at('key_path')} needs cert_path beside it`])
  assert.deepEqual(problems('cert_path: /gone, key_path: /gone'), [
    `${at('cert_path')} cannot be read: ENOENT`,
    `${at('key_path')} cannot be read: ENOENT`,
  ])
  assert.deepEqual(problems(`cert_path: ${server.keyPath}, key_path: ${server.keyPath}`), [
    `${at('cert_path')} must be a file of certificates in PEM form`,
  ])
  const notItsKey = 'must be the private key, without a passphrase, of the certificate in cert_path'
  assert.deepEqual(problems(`cert_path: ${server.certPath}, key_path: ${client.keyPath}`), [
    `${at('key_path')} ${notItsKey}`,
  ])
  assert.deepEqual(
    problems(`${pair(server)}, certificates: [{ cert_path: ${client.certPath}, key_path: ${server.keyPath} }]`),
    [`${at('certificates[0].key_path')} ${notItsKey}`],
  )
})

test('a certificate that has expired is warned about', async (t) => {
  const { server } = await makeCertificates(t)
  const end = new X509Certificate(server.cert).validToDate.getTime()
  const warningsAt = (now: number) => {
    const result = parseConfig(withTls(pair(server)), {}, 'test.yaml', now as EpochMs)
    return result.kind === 'config' ? result.warnings.map(formatProblem) : ['refused']
  }
  assert.deepEqual(warningsAt(end), [])
  assert.deepEqual(warningsAt(end + 1), ['server.tls.cert_path (line 1): names a certificate that has expired'])
})
