/** Rules between the settings of keys: each has what its algorithm needs, and nothing else. */

import { importKey } from '../access/static-keys.ts'
import { hasKey, type Jwt, type JwtBlock, type KeySettings, type StaticKey, staticKeysOf } from './effective-jwt.ts'
import type { Report } from './problem.ts'
import { keyFields } from './settings-access.ts'

export const needsKey = 'needs a key to verify tokens with: secret, the path of a public key, keys or jwks_url'

export interface MissingKey {
  /** The path of the block that counts. */
  readonly at: string
  /** Where its keys would be. What is wrong there already is told there. */
  readonly keys: readonly string[]
  /** A setting that says whose keys count, and came out empty. */
  readonly emptied: string | undefined
}

/** Undefined when there is a key. A setting that came out empty still says whose keys count: its block takes no others. */
export function missingKey(
  top: Jwt,
  own: { readonly block: JwtBlock | undefined; readonly at: string },
  report: Report,
): MissingKey | undefined {
  const givenAt = (at: string) => keyFields.map((field) => `${at}.${field}`).filter((path) => report.isGiven(path))
  const { block } = own
  const isOwn = block !== undefined && givenAt(own.at).length > 0
  const keys: KeySettings = isOwn ? { ...block, keys: block.keys ?? [] } : top
  if (hasKey(keys)) return undefined
  const at = isOwn ? own.at : 'jwt'
  const emptied = givenAt(at).find((path) => !path.endsWith('.algorithm'))
  return { at, emptied, keys: keyFields.map((field) => `${at}.${field}`) }
}

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
