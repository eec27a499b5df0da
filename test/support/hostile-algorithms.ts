/** Tokens that lie about how they are signed. */
import { createSecretKey } from 'node:crypto'
import type { HostileToken } from './hostile-tokens.ts'
import { encode, goodClaims, type SigningKey, signature, signToken, spki, type TokenKeys } from './token-keys.ts'

export function hostileAlgorithms(keys: TokenKeys, nowMs: number): readonly HostileToken[] {
  const claims = goodClaims(nowMs)
  return [
    ...unsigned(keys.rsa, claims),
    ...unknownNames(keys.rsa, claims),
    ...publicKeysAsSecrets(keys, claims),
    ...otherAlgorithmsOfAKey(keys, claims),
  ]
}

/** RFC 8725 §2.1. */
function unsigned(rsa: SigningKey, claims: object): readonly HostileToken[] {
  return ['none', 'None', 'NONE', 'nOnE', 'NoNe', 'none ', ' none', 'none\0', 'null', ''].flatMap((alg) => {
    const input = `${encode({ alg })}.${encode(claims)}`
    return [
      [`alg ${JSON.stringify(alg)} without a signature`, `${input}.`, 'algorithm'],
      [`alg ${JSON.stringify(alg)} with any signature`, `${input}.AAAA`, 'algorithm'],
      [`alg ${JSON.stringify(alg)} with an RSA signature`, signToken(rsa, { alg }, claims), 'algorithm'],
    ] as const
  })
}

function unknownNames(rsa: SigningKey, claims: object): readonly HostileToken[] {
  const text = [
    ...[
      'rs256',
      'Rs256',
      'RS256 ',
      ' RS256',
      'RS256\n',
      'RS256\0',
      'RS-256',
      'RSA',
      'RSA-OAEP',
      'RS1',
      'ES256K',
      'ES512',
    ],
    ...[
      'PS384',
      'PS512',
      'Ed25519',
      'Ed448',
      'EDDSA',
      'HS1',
      'dir',
      'A128KW',
      'sha256WithRSAEncryption',
      'HS256,RS256',
    ],
    ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'RS256\u0301', '\uff32\uff33256'],
  ].map((alg) => [`alg ${JSON.stringify(alg)}`, signToken(rsa, { alg }, claims), 'algorithm'] as const)
  const others = [['RS256'], [['RS256']], 256, 0, null, true, {}, { toString: 'RS256' }].map(
    (alg) => [`alg ${JSON.stringify(alg)} that is no text`, signToken(rsa, { alg }, claims), 'malformed'] as const,
  )
  return [...text, ...others, ['no alg', signToken(rsa, { typ: 'JWT' }, claims), 'malformed']]
}

/** RFC 8725 §2.1: what everybody may know taken for what only the issuer knows. */
function publicKeysAsSecrets(keys: TokenKeys, claims: object): readonly HostileToken[] {
  return [keys.rsa, keys.ec, keys.ed].flatMap((key) =>
    spellingsOf(key).flatMap(([spelling, bytes]) => {
      const secret = createSecretKey(bytes)
      const forge = (alg: string, name: object = {}) => {
        const input = `${encode({ alg, ...name })}.${encode(claims)}`
        return `${input}.${signature(alg, secret, input).toString('base64url')}`
      }
      const title = `with the public ${key.algorithm} key, ${spelling}, for a secret`
      return [
        [`HS256 ${title}`, forge('HS256'), 'unknown-key'],
        [`HS256 ${title}, by a name it has`, forge('HS256', { kid: 'first' }), 'bad-signature'],
        [`HS512 ${title}`, forge('HS512'), 'unknown-key'],
      ] as const
    }),
  )
}

function spellingsOf({ verifier }: SigningKey): readonly (readonly [title: string, bytes: Buffer])[] {
  const pem = spki(verifier)
  const der = verifier.export({ type: 'spki', format: 'der' })
  return [
    ['PEM', Buffer.from(pem)],
    ['PEM without its last newline', Buffer.from(pem.trimEnd())],
    ['PEM with CRLF', Buffer.from(pem.replaceAll('\n', '\r\n'))],
    ['PEM in one line', Buffer.from(pem.replaceAll('\n', ''))],
    ['DER', der],
    ['DER in base64', Buffer.from(der.toString('base64'))],
    ['JWK', Buffer.from(JSON.stringify(verifier.export({ format: 'jwk' })))],
  ]
}

function otherAlgorithmsOfAKey(keys: TokenKeys, claims: object): readonly HostileToken[] {
  const signedAs = (key: SigningKey, alg: string, by: string, kid?: string) => {
    const input = `${encode({ alg, ...(kid === undefined ? {} : { kid }) })}.${encode(claims)}`
    return `${input}.${signature(by, key.signer, input).toString('base64url')}`
  }
  const { rsa, ec, ed, first, strangers } = keys
  return [
    ['RS384 by a key for RS256', signedAs(rsa, 'RS384', 'RS384'), 'unknown-key'],
    ['RS512 by a key for RS256', signedAs(rsa, 'RS512', 'RS512'), 'unknown-key'],
    ['PS256 by a key for RS256', signedAs(rsa, 'PS256', 'PS256'), 'unknown-key'],
    ['RS256 with the padding of PS256', signedAs(rsa, 'RS256', 'PS256'), 'bad-signature'],
    ['PS256 with the padding of RS256', signedAs(rsa, 'PS256', 'RS256'), 'unknown-key'],
    ['RS256 with the hash of RS512', signedAs(rsa, 'RS256', 'RS512'), 'bad-signature'],
    ['RS256 with the hash of RS384', signedAs(rsa, 'RS256', 'RS384'), 'bad-signature'],
    ['ES256 signed on P-384', signedAs(strangers.p384, 'ES256', 'ES256'), 'bad-signature'],
    ['ES384 signed on P-384', signedAs(strangers.p384, 'ES384', 'ES384'), 'unknown-key'],
    ['ES384 by a key for ES256', signedAs(ec, 'ES384', 'ES384'), 'unknown-key'],
    ['ES256 with the hash of ES384', signedAs(ec, 'ES256', 'ES384'), 'bad-signature'],
    ['ES256 by the RSA key', signedAs(rsa, 'ES256', 'RS256'), 'bad-signature'],
    ['RS256 by the ECDSA key', signedAs(ec, 'RS256', 'ES256'), 'bad-signature'],
    ['RS256 by the EdDSA key', signedAs(ed, 'RS256', 'EdDSA'), 'bad-signature'],
    ['RS256 by a secret', signedAs(first, 'RS256', 'HS256'), 'bad-signature'],
    ['RS256 by the EdDSA key under its name', signedAs(ed, 'RS256', 'EdDSA', 'edge'), 'bad-signature'],
    ['EdDSA by the ECDSA key', signedAs(ec, 'EdDSA', 'ES256', 'edge'), 'bad-signature'],
    ['HS384 by a secret for HS256', signedAs(first, 'HS384', 'HS384', 'first'), 'unknown-key'],
    ['HS512 by a secret for HS256', signedAs(first, 'HS512', 'HS512', 'first'), 'unknown-key'],
    ['HS256 with the hash of HS512', signedAs(first, 'HS256', 'HS512', 'first'), 'bad-signature'],
  ]
}
