/** Key pairs and secrets, and tokens signed with them down to the last byte of their spelling: jose would refuse to. */
import {
  constants,
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import type { Algorithm } from '../../src/access/key-set.ts'
import type { StaticKeyOptions } from '../../src/access/static-keys.ts'

export interface SigningKey {
  readonly algorithm: Algorithm
  readonly id: string | undefined
  readonly signer: KeyObject
  /** The secret itself for the HS algorithms. */
  readonly verifier: KeyObject
  /** As a config names it. */
  readonly options: StaticKeyOptions
}

export function makeSigningKey(algorithm: Algorithm, id?: string): SigningKey {
  const named = id === undefined ? { algorithm } : { algorithm, id }
  if (algorithm.startsWith('HS')) {
    const secret = randomBytes(48).toString('hex')
    const key = createSecretKey(secret, 'utf8')
    return { algorithm, id, signer: key, verifier: key, options: { ...named, secret } }
  }
  const { privateKey, publicKey } = makeKeyPair(algorithm)
  return { algorithm, id, signer: privateKey, verifier: publicKey, options: { ...named, pem: spki(publicKey) } }
}

function makeKeyPair(algorithm: Algorithm) {
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519')
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (algorithm === 'ES384') return generateKeyPairSync('ec', { namedCurve: 'P-384' })
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

export function spki(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

/** What the tables of tokens are judged by. */
export interface TokenKeys {
  readonly rsa: SigningKey
  readonly ec: SigningKey
  readonly ed: SigningKey
  readonly first: SigningKey
  readonly second: SigningKey
  /** Known to nobody. */
  readonly strangers: {
    readonly rsa: SigningKey
    readonly ec: SigningKey
    readonly p384: SigningKey
    readonly ed: SigningKey
  }
}

export function makeTokenKeys(): TokenKeys {
  return {
    rsa: makeSigningKey('RS256'),
    ec: makeSigningKey('ES256'),
    ed: makeSigningKey('EdDSA', 'edge'),
    first: makeSigningKey('HS256', 'first'),
    second: makeSigningKey('HS256', 'second'),
    strangers: {
      rsa: makeSigningKey('RS256'),
      ec: makeSigningKey('ES256'),
      p384: makeSigningKey('ES384'),
      ed: makeSigningKey('EdDSA', 'edge'),
    },
  }
}

/** The keys of a verifier for both tables, as a config lists them. */
export function trustedKeys({ rsa, ec, ed, first, second }: TokenKeys): readonly StaticKeyOptions[] {
  return [rsa, ec, ed, first, second].map((key) => key.options)
}

/** The rest of what that verifier wants. */
export const wanted = {
  issuer: ['https://issuer.example', 'https://other.example'],
  audience: ['cdn', 'https://files.example/'],
  leewayMs: 30_000,
  requireExp: true,
}

/** Good for an hour, for that verifier. */
export function goodClaims(nowMs: number) {
  return { iss: 'https://issuer.example', aud: 'cdn', sub: 'ann', exp: Math.floor(nowMs / 1000) + 3600 }
}

/** Text and bytes are taken as they are. */
export type Part = string | Buffer | object

export function encode(part: Part): string {
  const bytes = Buffer.isBuffer(part) || typeof part === 'string' ? part : JSON.stringify(part)
  return Buffer.from(bytes as string).toString('base64url')
}

/** Whatever header and claims say, signed with the key's own algorithm. */
export function signToken(key: SigningKey, header: Part, claims: Part): string {
  return seal(key, `${encode(header)}.${encode(claims)}`)
}

/** With both parts spelled already. */
export function seal(key: SigningKey, input: string): string {
  return `${input}.${signature(key.algorithm, key.signer, input).toString('base64url')}`
}

export function headerFor({ algorithm, id }: SigningKey): { readonly alg: Algorithm; readonly kid?: string } {
  return id === undefined ? { alg: algorithm } : { alg: algorithm, kid: id }
}

/** RFC 7518 §3, for algorithms we do not take too. */
export function signature(algorithm: string, key: KeyObject, input: string): Buffer {
  const bytes = Buffer.from(input)
  const hash = `sha${algorithm.slice(-3)}`
  if (algorithm === 'EdDSA') return sign(null, bytes, key)
  if (algorithm.startsWith('HS')) return createHmac(hash, key).update(bytes).digest()
  if (!algorithm.startsWith('PS')) return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' })
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants
  return sign(hash, bytes, { key, padding, saltLength })
}
