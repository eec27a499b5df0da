/** Tokens in order but for their signature. */
import type { TokenFault } from '../../src/access/authenticator.ts'
import type { HostileToken } from './hostile-tokens.ts'
import { encode, goodClaims, headerFor, type SigningKey, signature, signToken, type TokenKeys } from './token-keys.ts'

export function hostileSignatures(keys: TokenKeys, nowMs: number): readonly HostileToken[] {
  const claims = goodClaims(nowMs)
  return [
    ...byStrangers(keys, claims),
    ...ofEcdsa(keys.ec, claims),
    ...ofRsa(keys.rsa, claims),
    ...ofSecret(keys.first, claims),
    ...ofEdwards(keys.ed, claims),
    ...[keys.rsa, keys.ec, keys.ed, keys.first].flatMap((key) => tampered(key, claims)),
  ]
}

function byStrangers({ strangers, ed }: TokenKeys, claims: object): readonly HostileToken[] {
  const signed = (key: SigningKey, header: object, fault: TokenFault) =>
    [`signed by a stranger's key for ${key.algorithm}`, signToken(key, header, claims), fault] as const
  return [
    signed(strangers.rsa, { alg: 'RS256' }, 'bad-signature'),
    signed(strangers.ec, { alg: 'ES256' }, 'bad-signature'),
    signed(strangers.ed, { alg: 'EdDSA', kid: 'edge' }, 'bad-signature'),
    signed(strangers.p384, { alg: 'ES384' }, 'unknown-key'),
    ['EdDSA without the name of its key', signToken(ed, { alg: 'EdDSA' }, claims), 'unknown-key'],
  ]
}

/** The token of `key` with what `change` makes of its signature. */
function resigned(key: SigningKey, claims: object, change: (good: Buffer, input: string) => Buffer): string {
  const input = `${encode(headerFor(key))}.${encode(claims)}`
  return `${input}.${change(signature(key.algorithm, key.signer, input), input).toString('base64url')}`
}

/** Order of P-256 (SEC 2 §2.4.2). */
const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')

function ofEcdsa(ec: SigningKey, claims: object): readonly HostileToken[] {
  const zero = Buffer.alloc(32)
  const one = Buffer.from('1'.padStart(64, '0'), 'hex')
  const all: readonly (readonly [string, (good: Buffer) => Buffer])[] = [
    ['r and s of zero', () => Buffer.concat([zero, zero])],
    ['r of zero', (good) => Buffer.concat([zero, good.subarray(32)])],
    ['s of zero', (good) => Buffer.concat([good.subarray(0, 32), zero])],
    ['r and s of one', () => Buffer.concat([one, one])],
    ['r and s of the order', () => Buffer.concat([order, order])],
    ['r of the order', (good) => Buffer.concat([order, good.subarray(32)])],
    ['r and s swapped', (good) => Buffer.concat([good.subarray(32), good.subarray(0, 32)])],
    ['a DER signature', derOf],
    ['r alone', (good) => good.subarray(0, 32)],
    ['a byte missing', (good) => good.subarray(0, 63)],
    ['a byte behind', (good) => Buffer.concat([good, Buffer.alloc(1)])],
    ['r and s longer by a zero each', (good) => padded(good)],
    ['zeros of the size of P-521', () => Buffer.alloc(132)],
    ['one byte', () => Buffer.alloc(1)],
  ]
  return all.map(([title, change]) => [`ES256 with ${title}`, resigned(ec, claims, change), 'bad-signature'])
}

function padded(good: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(1), good.subarray(0, 32), Buffer.alloc(1), good.subarray(32)])
}

/** SEQUENCE { INTEGER r, INTEGER s }, each with a leading zero, so that none is negative. */
function derOf(good: Buffer): Buffer {
  const integers = [good.subarray(0, 32), good.subarray(32)].map((value) => {
    const bytes = value[0] !== undefined && value[0] >= 0x80 ? Buffer.concat([Buffer.alloc(1), value]) : value
    return Buffer.concat([Buffer.from([2, bytes.length]), bytes])
  })
  const body = Buffer.concat(integers)
  return Buffer.concat([Buffer.from([0x30, body.length]), body])
}

function ofRsa(rsa: SigningKey, claims: object): readonly HostileToken[] {
  const all: readonly (readonly [string, (good: Buffer, input: string) => Buffer])[] = [
    ['zeros', () => Buffer.alloc(256)],
    ['one', () => Buffer.from('01'.padStart(512, '0'), 'hex')],
    ['ones', () => Buffer.alloc(256, 0xff)],
    ['the padded digest in clear', (_, input) => Buffer.from(`0001${'ff'.repeat(202)}00${encode(input)}`, 'latin1')],
    ['a byte missing', (good) => good.subarray(0, 255)],
    ['a byte behind', (good) => Buffer.concat([good, Buffer.alloc(1)])],
    ['a zero in front', (good) => Buffer.concat([Buffer.alloc(1), good])],
    ['its bytes backwards', (good) => Buffer.from(good).reverse()],
    ['itself twice', (good) => Buffer.concat([good, good])],
  ]
  return all.map(([title, change]) => [`RS256 with ${title}`, resigned(rsa, claims, change), 'bad-signature'])
}

function ofSecret(first: SigningKey, claims: object): readonly HostileToken[] {
  const all: readonly (readonly [string, (good: Buffer) => Buffer])[] = [
    ['half of its code', (good) => good.subarray(0, 16)],
    ['a byte of its code', (good) => good.subarray(0, 1)],
    ['its code in hex', (good) => Buffer.from(good.toString('hex'))],
    ['its code and more', (good) => Buffer.concat([good, good])],
    ['zeros', () => Buffer.alloc(32)],
  ]
  return all.map(([title, change]) => [`HS256 with ${title}`, resigned(first, claims, change), 'bad-signature'])
}

function ofEdwards(ed: SigningKey, claims: object): readonly HostileToken[] {
  const neutral = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)])
  const all: readonly (readonly [string, (good: Buffer) => Buffer])[] = [
    ['zeros', () => Buffer.alloc(64)],
    ['the neutral point for R', () => neutral],
    ['ones', () => Buffer.alloc(64, 0xff)],
    ['half of it', (good) => good.subarray(0, 32)],
  ]
  return all.map(([title, change]) => [`EdDSA with ${title}`, resigned(ed, claims, change), 'bad-signature'])
}

function tampered(key: SigningKey, claims: object): readonly HostileToken[] {
  const [header, payload, code = ''] = signToken(key, headerFor(key), claims).split('.')
  const richer = encode({ ...claims, sub: 'root' })
  const bits = [0, 1, 7, 100, 200].map((bit) => {
    const bytes = Buffer.from(code, 'base64url')
    const at = bit >> 3
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7))
    return [
      `${key.algorithm} with bit ${bit} of its signature turned`,
      `${header}.${payload}.${bytes.toString('base64url')}`,
      'bad-signature',
    ] as const
  })
  return [
    ...bits,
    [`${key.algorithm} with other claims`, `${header}.${richer}.${code}`, 'bad-signature'],
    [
      `${key.algorithm} with another header`,
      `${encode({ ...headerFor(key), typ: 'x' })}.${payload}.${code}`,
      'bad-signature',
    ],
    [`${key.algorithm} with its payload for a signature`, `${header}.${payload}.${payload}`, 'bad-signature'],
  ]
}
