/** From a JSON Web Key Set (RFC 7517 §5) to the keys that tokens are verified with. */

import { createPublicKey, type KeyObject } from 'node:crypto'
import { type Algorithm, algorithms, type VerificationKey } from './key-set.ts'
import { misfitOf } from './static-keys.ts'

/** Keys beyond are not looked at. Those without a `kid` are tried for every token of their algorithm, one after another. */
const maxKeys = 100
/** One for each type and curve. RS256 is what RSA keys without `alg` are published for. */
const suggested: readonly Algorithm[] = ['RS256', 'ES256', 'ES384', 'EdDSA']

/**
 * The signing keys among the members of the set; others are left out, as RFC 7517 §5 asks for. Private members are never
 * used. Throws when the document is no key set at all.
 */
export function importJwks(document: unknown): readonly VerificationKey[] {
  if (!isObject(document) || !Array.isArray(document['keys'])) throw new Error('the answer is not a JSON Web Key Set')
  return document['keys'].slice(0, maxKeys).flatMap(importJwk)
}

/** Equal for sets of the same keys, in whatever order. */
export function fingerprintOf(keys: readonly VerificationKey[]): string {
  return keys
    .map(({ id, algorithm, key }) => JSON.stringify([id, algorithm, key.export({ format: 'jwk' })]))
    .sort()
    .join()
}

/** One key or none. */
function importJwk(jwk: unknown): readonly VerificationKey[] {
  if (!isObject(jwk) || !isForVerifying(jwk)) return []
  const { kid: id, alg } = jwk
  if (id !== undefined && typeof id !== 'string') return []
  const key = publicKeyOf(jwk)
  if (key === undefined) return []
  const algorithm = algorithmOf(alg, key)
  return algorithm === undefined ? [] : [{ id, algorithm, key }]
}

function isForVerifying({ use, key_ops: operations }: Jwk): boolean {
  if (use !== undefined && use !== 'sig') return false
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'))
}

/** RFC 7518 §6.2.1, §6.3.1, RFC 8037 §2: the public members alone, by `kty`. */
const publicMembers: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['RSA', ['kty', 'n', 'e']],
  ['EC', ['kty', 'crv', 'x', 'y']],
  ['OKP', ['kty', 'crv', 'x']],
])

function publicKeyOf(jwk: Jwk): KeyObject | undefined {
  const names = publicMembers.get(jwk['kty'])
  if (names === undefined) return undefined
  try {
    return createPublicKey({ format: 'jwk', key: Object.fromEntries(names.map((name) => [name, jwk[name]])) })
  } catch {
    // A member is missing or makes no sense: one key less, and no reason to do without the others.
    return undefined
  }
}

/** What a key names, else what its type and curve suggest; undefined when that is no algorithm here, or not for this key. */
function algorithmOf(named: unknown, key: KeyObject): Algorithm | undefined {
  const possible = named === undefined ? suggested : algorithms.filter((algorithm) => algorithm === named)
  return possible.find((algorithm) => misfitOf(key, algorithm) === undefined)
}

type Jwk = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Jwk {
  return typeof value === 'object' && value !== null
}
