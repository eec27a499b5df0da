/** Rules between the settings of keys: each has what its algorithm needs, and nothing else. */

import { importKey } from '../access/static-keys.ts'
import { type KeySettings, type StaticKey, staticKeysOf } from './effective-jwt.ts'
import type { Report } from './problem.ts'

/** `at`: the path of the block that holds them. */
export function checkKeys(jwt: KeySettings, at: string, report: Report): void {
  const keys = staticKeysOf(jwt, at)
  const [rsa, ecdsa, url] = [`${at}.rsa_public_key_path`, `${at}.ecdsa_public_key_path`, `${at}.jwks_url`] as const
  if (jwt.rsa_public_key_path !== undefined && jwt.ecdsa_public_key_path !== undefined)
    report.contradict([ecdsa, rsa], 'excludes rsa_public_key_path; several keys go under keys')
  if (jwt.jwks_url !== undefined && keys.length > 0)
    report.contradict([url, `${at}.secret`, rsa, ecdsa, `${at}.keys`], 'excludes keys that the file itself names')
  if (jwt.jwks_url !== undefined && keys.length === 0 && jwt.algorithm !== undefined)
    report.warn(`${at}.algorithm`, 'has no effect beside jwks_url, whose keys have their own')
  for (const key of keys) checkKey(key, report)
  checkIds(keys, report)
}

function checkKey({ at, algorithm, secret, file, fileAt }: StaticKey, report: Report): void {
  const [secretAt, algorithmAt] = [`${at}.secret`, `${at}.algorithm`] as const
  const given = secret === undefined ? fileAt : secretAt
  if (secret !== undefined && file !== undefined) {
    report.contradict([fileAt, secretAt], 'excludes secret: a key is one or the other')
  } else if (secret === undefined && file === undefined) {
    report.contradict([report.isGiven(secretAt) ? secretAt : at, secretAt, fileAt], 'needs a secret or a path')
  } else if (algorithm === undefined) {
    report.contradict([algorithmAt, given], 'is required beside a key')
  } else if (isHmac(algorithm) !== (secret !== undefined)) {
    const wanted = isHmac(algorithm) ? 'a secret' : 'the path of a public key'
    report.contradict([given, algorithmAt], `does not go with ${algorithm}, which takes ${wanted}`)
  } else if (secret !== undefined) {
    checkSecret({ algorithm, secret }, secretAt, report)
  }
}

function isHmac(algorithm: string): boolean {
  return algorithm.startsWith('HS')
}

function checkSecret(
  key: Parameters<typeof importKey>[0] & { readonly secret: string },
  at: string,
  report: Report,
): void {
  try {
    importKey(key)
  } catch (error) {
    report.broken(at, error instanceof Error ? error.message : 'is no key') // translated: a problem of the config
    return
  }
  const hashBytes = Number(key.algorithm.slice(-3)) / 8
  if (Buffer.byteLength(key.secret) < hashBytes)
    report.warn(at, `is shorter than the hash of ${key.algorithm}, ${hashBytes} bytes, and so easier to guess`)
}

function checkIds(keys: readonly StaticKey[], report: Report): void {
  const first = new Map<string, string>()
  for (const { id, at } of keys) {
    if (id === undefined) continue
    const earlier = first.get(id)
    if (earlier === undefined) first.set(id, `${at}.id`)
    else report.contradict([`${at}.id`, earlier], `repeats ${earlier}`)
  }
}
