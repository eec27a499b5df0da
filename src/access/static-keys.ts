/** Keys that the config names. */

import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import type { Algorithm, KeyHint, KeySet, VerificationKey } from './key-set.ts'

export type StaticKeyOptions = {
  /** The `kid` of the tokens it is for; without, it is tried for all of its algorithm. */
  readonly id?: string
  readonly algorithm: Algorithm
} & (
  | { readonly secret: string }
  /** SPKI or PKCS #1 public key, or an X.509 certificate, of which nothing but its key counts. */
  | { readonly pem: string }
)

/** Throws as `importKey` does. */
export function createStaticKeys(options: readonly StaticKeyOptions[]): KeySet {
  const keys = options.map(importKey)
  return {
    generation: 0,
    candidates: (hint) => keys.filter((key) => isFor(key, hint)),
    close: () => Promise.resolve(),
  }
}

/** RFC 7515 §4.1.4: the `kid` is a hint. It narrows the keys to try and vouches for nothing. */
export function isFor({ algorithm, id }: VerificationKey, hint: KeyHint): boolean {
  return algorithm === hint.algorithm && (id === undefined || id === hint.id)
}

/** Throws an `Error`, whose message completes "the key …" and holds nothing of the key, when it does not fit its algorithm. */
export function importKey(options: StaticKeyOptions): VerificationKey {
  const { id, algorithm } = options
  const key = 'secret' in options ? secretKey(options.secret) : publicKey(options.pem)
  const misfit = misfitOf(key, algorithm)
  if (misfit !== undefined) throw new Error(misfit)
  return { id, algorithm, key }
}

type Material = 'secret' | 'RSA' | 'P-256' | 'P-384' | 'Ed25519'

const materials: Readonly<Record<Algorithm, Material>> = {
  HS256: 'secret',
  HS384: 'secret',
  HS512: 'secret',
  RS256: 'RSA',
  RS384: 'RSA',
  RS512: 'RSA',
  PS256: 'RSA',
  ES256: 'P-256',
  ES384: 'P-384',
  EdDSA: 'Ed25519',
}

/** RFC 7518 §3.3, §3.5: "A key of size 2048 bits or larger MUST be used". */
const minRsaBits = 2048

/** Why a key is none for an algorithm; undefined when it is one. */
export function misfitOf(key: KeyObject, algorithm: Algorithm): string | undefined {
  const [wanted, given] = [materials[algorithm], materialOf(key)]
  if (given !== wanted) return `is of type ${given}, and ${algorithm} takes one of type ${wanted}`
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (wanted !== 'RSA') return undefined
  if (modulusLength < minRsaBits) return `has ${modulusLength} bits, and RSA keys need ${minRsaBits}`
  // With 1 for an exponent everybody can sign.
  return publicExponent < 3n ? 'has an exponent that makes signatures worthless' : undefined
}

const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384' }

/** A `Material`, or what Node calls keys that no algorithm here takes. */
function materialOf({ type, asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (type !== 'public' || asymmetricKeyType === undefined) return type
  const { namedCurve = '' } = asymmetricKeyDetails ?? {}
  switch (asymmetricKeyType) {
    case 'rsa':
      return 'RSA'
    case 'ed25519':
      return 'Ed25519'
    case 'ec':
      return curves[namedCurve] ?? namedCurve
    default:
      return asymmetricKeyType
  }
}

function secretKey(secret: string): KeyObject {
  if (secret === '') throw new Error('is empty, and an empty secret is no key')
  // Everybody has the public key; as a secret it would let everybody sign.
  if (secret.includes('-----BEGIN ')) throw new Error('is a PEM file, and a secret must not be one')
  return createSecretKey(secret, 'utf8')
}

const pemLabel = /-----BEGIN ([^-\n]*)-----/g
const publicLabels: ReadonlySet<string> = new Set(['PUBLIC KEY', 'RSA PUBLIC KEY', 'CERTIFICATE'])

function publicKey(pem: string): KeyObject {
  const [label, ...others] = Array.from(pem.matchAll(pemLabel), ([, name = '']) => name)
  if (label === undefined) throw new Error('is not in PEM form')
  // Node would take it and derive the public one. A private key does not belong on a machine that only verifies.
  if ([label, ...others].some((name) => name.includes('PRIVATE')))
    throw new Error('is a private one; give the public one')
  if (others.length > 0) throw new Error('is not alone in its file')
  if (!publicLabels.has(label)) throw new Error(`is of no known kind: ${label}`)
  try {
    return createPublicKey(pem)
  } catch (cause) {
    // Translated: OpenSSL's words name no setting.
    throw new Error('is damaged, or of a kind that is not supported', { cause })
  }
}
