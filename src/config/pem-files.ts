/** Certificates and keys that settings name by path, read when the config is. */

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { importKey } from '../access/static-keys.ts'
import type { EpochMs } from '../base/types.ts'
import { type StaticKey, staticKeysOf } from './effective-jwt.ts'
import { jwtInUse } from './jwt-in-use.ts'
import type { Report } from './problem.ts'
import { isRedisUsed } from './rules-redis.ts'
import type { Settings } from './schema.ts'

export interface PemFiles {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** What is in the files that settings in use name. */
export interface ReadFiles {
  /** Undefined: Redis is not used, or its settings name no file. */
  readonly redis: PemFiles | undefined
  /** The server's, in their order. */
  readonly certificates: readonly CertificateFiles[]
  /** By the path of the file. */
  readonly publicKeys: ReadonlyMap<string, string>
}

/** What cannot be read or understood is told. `now`: the time certificates are held to; undefined: none. */
export function readFiles(settings: Settings, now: EpochMs | undefined, report: Report): ReadFiles {
  return {
    redis: isRedisUsed(settings) ? readRedisPems(settings.cache.redis.tls, report) : undefined,
    certificates: readCertificates(settings.server.tls, now, report),
    publicKeys: readPublicKeys(settings, report),
  }
}

function readRedisPems(tls: Settings['cache']['redis']['tls'], report: Report): PemFiles | undefined {
  const at = 'cache.redis.tls'
  const files = {
    ...certificateAt('ca', `${at}.ca_path`, tls.ca_path, report),
    ...certificateAt('cert', `${at}.cert_path`, tls.cert_path, report),
    ...keyAt(`${at}.key_path`, tls.key_path, report),
  }
  checkPair(files, at, report)
  return Object.keys(files).length === 0 ? undefined : files
}

function readCertificates(
  tls: Settings['server']['tls'],
  now: EpochMs | undefined,
  report: Report,
): readonly CertificateFiles[] {
  if (tls === undefined) return []
  const named = [
    { ...tls, at: 'server.tls' },
    ...tls.certificates.map((pair, index) => ({ ...pair, at: `server.tls.certificates[${index}]` })),
  ]
  return named.flatMap(({ at, cert_path, key_path }) => {
    const { cert } = certificateAt('cert', `${at}.cert_path`, cert_path, report)
    const { key } = keyAt(`${at}.key_path`, key_path, report)
    if (cert === undefined || key === undefined) return []
    checkPair({ cert, key }, at, report)
    if (now !== undefined && new X509Certificate(cert).validToDate.getTime() < now)
      report.warn(`${at}.cert_path`, 'names a certificate that has expired')
    return [{ cert, key }]
  })
}

function readPublicKeys(settings: Settings, report: Report): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const [at, keys] of jwtInUse(settings).keys) {
    for (const key of staticKeysOf(keys, at)) {
      const pem = publicKeyOf(key, report)
      if (key.file !== undefined && pem !== undefined) files.set(key.file, pem)
    }
  }
  return files
}

function publicKeyOf({ algorithm, file, fileAt }: StaticKey, report: Report): string | undefined {
  const pem = fileOf(fileAt, file, report)
  // A secret beside an algorithm that has none is told elsewhere.
  if (pem === undefined || algorithm === undefined || algorithm.startsWith('HS')) return undefined
  try {
    importKey({ algorithm, pem })
    return pem
  } catch (error) {
    // Translated: the message completes "the key …".
    report.broken(fileAt, `names a key that ${error instanceof Error ? error.message : 'is of no use'}`)
    return undefined
  }
}

function checkPair({ cert, key }: PemFiles, at: string, report: Report): void {
  if (cert === undefined || key === undefined || isUsable({ cert, key })) return
  report.broken(`${at}.key_path`, 'must be the private key, without a passphrase, of the certificate in cert_path')
}

function certificateAt(part: 'ca' | 'cert', setting: string, path: string | undefined, report: Report): PemFiles {
  const pem = fileOf(setting, path, report)
  if (pem === undefined) return {}
  if (isUsable({ [part]: pem })) return { [part]: pem }
  report.broken(setting, 'must be a file of certificates in PEM form')
  return {}
}

function keyAt(setting: string, path: string | undefined, report: Report): PemFiles {
  const pem = fileOf(setting, path, report)
  return pem === undefined ? {} : { key: pem }
}

function fileOf(setting: string, path: string | undefined, report: Report): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    // Translated: a problem of the config like any other.
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    report.broken(setting, `cannot be read: ${code}`)
    return undefined
  }
}

function isUsable(pems: PemFiles): boolean {
  try {
    createSecureContext(pems)
    return Object.values(pems).every((pem) => pem.includes('-----BEGIN '))
  } catch {
    return false // translated: the message of OpenSSL names no setting
  }
}
