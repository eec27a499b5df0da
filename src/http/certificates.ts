/** Which certificate a client is shown: the first, unless another one has the name that it asks for. */

import { constants, createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { EpochMs } from '../base/types.ts'

/** Both PEM; `cert` with the certificates that vouch for it behind. */
export interface TlsCertificate {
  readonly cert: string
  readonly key: string
}

export interface TlsOptions {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** At least one. The first is for clients that name no host, or one that no certificate has. */
  readonly certificates: readonly TlsCertificate[]
}

/**
 * What Mozilla calls "intermediate" (https://ssl-config.mozilla.org), less DHE, which nobody without ECDHE has asked for in
 * years: forward secrecy and authenticated encryption, or nothing. The client knows best which of these it is quick at.
 */
const cipherSuites = [
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
].join(':')

export class CertificateTable {
  /** Settings of the first certificate. */
  readonly first: SecureContextOptions
  readonly #contexts = new Map<string, SecureContext>()

  /** Throws, naming which one, when a certificate or key is none, or they do not belong together. */
  constructor({ minVersion, certificates }: TlsOptions) {
    const all = certificates.map((certificate, index) => {
      try {
        return readCertificate(certificate, minVersion)
      } catch (cause) {
        throw new Error(`certificate ${index + 1} of ${certificates.length}: ${reasonOf(cause)}`, { cause })
      }
    })
    const [first] = all
    if (first === undefined) throw new Error('TLS without a certificate')
    this.first = first.settings
    for (const { names, context } of all) {
      for (const name of names) if (!this.#contexts.has(name)) this.#contexts.set(name, context)
    }
  }

  /** Undefined: the first one will do. RFC 9525 §6.3: a wildcard stands for the left-most label, and for no more. */
  contextFor(serverName: string): SecureContext | undefined {
    const name = serverName.toLowerCase()
    return this.#contexts.get(name) ?? this.#contexts.get(name.replace(/^[^.]+/, '*'))
  }
}

/** When the first of them ends. */
export function earliestEnd(certificates: readonly TlsCertificate[]): EpochMs {
  return Math.min(...certificates.map(({ cert }) => new X509Certificate(cert).validToDate.getTime())) as EpochMs
}

function readCertificate({ cert, key }: TlsCertificate, minVersion: TlsOptions['minVersion']) {
  const parsed = new X509Certificate(cert)
  if (!parsed.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is that of another certificate')
  const settings: SecureContextOptions = {
    cert,
    key,
    minVersion,
    ciphers: cipherSuites,
    honorCipherOrder: false,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  }
  return { settings, names: namesOf(parsed), context: createSecureContext(settings) }
}

/** Names that node has to quote hold characters that no host has. */
function namesOf({ subjectAltName = '' }: X509Certificate): readonly string[] {
  return [...subjectAltName.matchAll(/(?:^|, )DNS:([\w.*-]+)(?=,|$)/g)].map(([, name = '']) => name.toLowerCase())
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
