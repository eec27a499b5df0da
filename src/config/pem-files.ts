/** Certificates and keys that settings name by path, read when the config is. */

import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Report } from './problem.ts'
import { isCacheUsed } from './rules-cache.ts'
import type { Settings } from './schema.ts'

export interface PemFiles {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** Undefined: Redis is not used, or its settings name no file. What cannot be read or understood is told. */
export function readRedisPems(settings: Settings, report: Report): PemFiles | undefined {
  const { enabled, tls } = settings.cache.redis
  if (!enabled || !isCacheUsed(settings)) return undefined
  const files = {
    ...pemAt('ca', tls.ca_path, report),
    ...pemAt('cert', tls.cert_path, report),
    ...pemAt('key', tls.key_path, report),
  }
  if (Object.keys(files).length === 0) return undefined
  const { cert, key } = files
  if (cert !== undefined && key !== undefined && !isUsable({ cert, key }))
    report.broken(
      'cache.redis.tls.key_path',
      'must be the private key, without a passphrase, of the certificate in cert_path',
    )
  return files
}

function pemAt(part: keyof PemFiles, path: string | undefined, report: Report): PemFiles {
  if (path === undefined) return {}
  const setting = `cache.redis.tls.${part}_path`
  try {
    const pem = readFileSync(path, 'latin1')
    if (part === 'key' || isUsable({ [part]: pem })) return { [part]: pem }
    report.broken(setting, 'must be a file of certificates in PEM form')
  } catch (error) {
    // Translated: a problem of the config like any other.
    report.broken(
      setting,
      `cannot be read: ${error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'}`,
    )
  }
  return {}
}

function isUsable(pems: PemFiles): boolean {
  try {
    createSecureContext(pems)
    return Object.values(pems).every((pem) => pem.includes('-----BEGIN '))
  } catch {
    return false // translated: the message of OpenSSL names no setting
  }
}
