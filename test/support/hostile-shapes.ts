/** What is no token in compact form, or a good token spelled in a way it is not spelled. */
import type { HostileToken } from './hostile-tokens.ts'
import { encode, goodClaims, headerFor, type SigningKey, seal, signToken, type TokenKeys } from './token-keys.ts'

export function hostileShapes({ rsa, ec, first }: TokenKeys, nowMs: number): readonly HostileToken[] {
  const claims = goodClaims(nowMs)
  const good = signToken(rsa, headerFor(rsa), claims)
  return [
    ...truncated(good),
    ...rearranged(good),
    ...otherForms(good, rsa, claims),
    ...strayCharacters(good),
    ...[rsa, ec, first].flatMap((key) => leftOverBits(key, claims)),
    ...otherAlphabets(good, rsa),
    ...oversized(rsa, claims),
    ...payloadsThatAreNoClaims(rsa, good),
  ]
}

/** Cut within the signature it stays canonical by fours of characters, so that only the signature tells. */
function truncated(good: string): readonly HostileToken[] {
  const [header = '', payload = '', code = ''] = good.split('.')
  const dots = [header.length, header.length + 1 + payload.length]
  const early = [1, 2, 5, 10, ...dots.flatMap((at) => [at - 1, at]), (dots[0] ?? 0) + 1, (dots[0] ?? 0) + 30]
  const late = [4, 8, 40, 200, 336].map((length) => `${header}.${payload}.${code.slice(0, length)}`)
  return [
    ...early.map((length) => [`cut after ${length} characters`, good.slice(0, length), 'malformed'] as const),
    ['cut before its signature', good.slice(0, (dots[1] ?? 0) + 1), 'malformed'],
    ...late.map((token) => [`cut after ${token.length} characters`, token, 'bad-signature'] as const),
    ['its last character missing', good.slice(0, -1), 'malformed'],
    ['its first character missing', good.slice(1), 'malformed'],
  ]
}

function rearranged(good: string): readonly HostileToken[] {
  const [h, p, s] = good.split('.')
  const forms = [
    ...[
      `${p}.${h}.${s}`,
      `${s}.${p}.${h}`,
      `${p}.${s}.${h}`,
      `${s}.${h}.${p}`,
      `.${h}.${p}.${s}`,
      `${good}.`,
      `${good}..`,
    ],
    ...[`${h}..${p}.${s}`, `${h}..${s}`, `.${p}.${s}`, `${h}.${p}..${s}`, `${good}.${s}`],
    ...[
      `${good}.${good}`,
      '.',
      '..',
      '...',
      '....',
      `${h}.${p}.${s}.AA.AA`,
      `${h},${p},${s}`,
      `${h}:${p}:${s}`,
      `${h}${p}${s}`,
    ],
    ...[`..${s}`, `${h}..`],
  ]
  return [
    ...forms.map((token) => [`its parts as ${shapeOf(token, good)}`, token, 'malformed'] as const),
    ['payload and signature swapped', `${h}.${s}.${p}`, 'bad-signature'],
    ['its header for a payload', `${h}.${h}.${s}`, 'bad-signature'],
  ]
}

function shapeOf(token: string, good: string): string {
  const names = ['header', 'payload', 'signature']
  return good.split('.').reduce((shape, part, i) => shape.replaceAll(part, names[i] ?? ''), token)
}

function otherForms(good: string, rsa: SigningKey, claims: object): readonly HostileToken[] {
  const [header, payload, code] = good.split('.')
  const flattened = JSON.stringify({ protected: header, payload, signature: code })
  const general = JSON.stringify({ payload, signatures: [{ protected: header, signature: code }] })
  const encrypted = `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.AAAA.AAAA.AAAA.AAAA`
  return [
    ['a JWS in flattened JSON', flattened, 'malformed'],
    ['a JWS in general JSON', general, 'malformed'],
    ['a JWS in JSON, encoded', encode(flattened), 'malformed'],
    ['a JWE', encrypted, 'malformed'],
    ['a JWE of direct encryption', `${encode({ alg: 'dir', enc: 'A128GCM' })}..AAAA.AAAA.AAAA`, 'malformed'],
    ['a token encoded once more', encode(good), 'malformed'],
    ['a token in quotes', `"${good}"`, 'malformed'],
    ['a token in quotes that are escaped', `\\"${good}\\"`, 'malformed'],
    ['a token with its scheme', `Bearer ${good}`, 'malformed'],
    ['two tokens', `${good},${good}`, 'malformed'],
    ['a token and a disclosure', `${good}~AAAA~`, 'malformed'],
    ['a token in a token', signToken(rsa, { alg: 'RS256', cty: 'JWT' }, good), 'malformed'],
    ['a token as text in a token', signToken(rsa, { alg: 'RS256' }, JSON.stringify(good)), 'malformed'],
    ['a PASETO', `v2.local.${payload}`, 'malformed'],
    ['an opaque token', '0af7651916cd43dd8448eb211c80319c', 'malformed'],
    ['a password', encode('user:password'), 'malformed'],
    ['claims and nothing else', encode(claims), 'malformed'],
    ['claims in clear', JSON.stringify(claims), 'malformed'],
  ]
}

const strays = [
  '=',
  '==',
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\0',
  '\u00a0',
  '\u200b',
  '\ufeff',
  '\u0435',
  '%00',
  '%2E',
  '+',
  '/',
  '!',
  '?',
  '#',
]

function strayCharacters(good: string): readonly HostileToken[] {
  const [header, payload, code = ''] = good.split('.')
  return strays.flatMap((stray) => {
    const title = JSON.stringify(stray)
    return [
      [`${title} in front`, `${stray}${good}`, 'malformed'],
      [`${title} behind`, `${good}${stray}`, 'malformed'],
      [`${title} behind its header`, `${header}${stray}.${payload}.${code}`, 'malformed'],
      [`${title} behind its payload`, `${header}.${payload}${stray}.${code}`, 'malformed'],
      [`${title} in its signature`, `${header}.${payload}.${code.slice(0, 9)}${stray}${code.slice(9)}`, 'malformed'],
    ] as const
  })
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The last character of each part carries two or four bits that decoders let fall; here they are not zero. */
function leftOverBits(key: SigningKey, claims: object): readonly HostileToken[] {
  const spelled = (text: string) => `${text.slice(0, -1)}${alphabet[alphabet.indexOf(text.at(-1) ?? '') + 1]}`
  const unaligned = (value: object) => {
    const text = JSON.stringify(value)
    return encode(text.padEnd(text.length + ((4 - (text.length % 3)) % 3), ' '))
  }
  const [header, payload] = [unaligned(headerFor(key)), unaligned(claims)]
  return [
    [`${key.algorithm} with bits left over in its signature`, spelled(seal(key, `${header}.${payload}`)), 'malformed'],
    [`${key.algorithm} with bits left over in its payload`, seal(key, `${header}.${spelled(payload)}`), 'malformed'],
    [`${key.algorithm} with bits left over in its header`, seal(key, `${spelled(header)}.${payload}`), 'malformed'],
  ]
}

/** RFC 7515 §2: base64url, without padding. Signed as they are spelled. */
function otherAlphabets(good: string, rsa: SigningKey): readonly HostileToken[] {
  const [header] = good.split('.')
  const text = '{"sub":"~~~~????>>>>","exp":9999999999,"iss":"https://issuer.example","aud":"cdn"}'
  const claims = Buffer.from(text)
  const percent = encode(text).replaceAll('_', '%5F')
  return [
    ['a payload in base64', seal(rsa, `${header}.${claims.toString('base64').replaceAll('=', '')}`), 'malformed'],
    ['a payload with padding', seal(rsa, `${header}.${encode(`${text}  `)}=`), 'malformed'],
    ['a payload in hex', seal(rsa, `${header}.${claims.toString('hex')}`), 'malformed'],
    ['a payload in percent-encoding', seal(rsa, `${header}.${percent}`), 'malformed'],
    ['a payload in clear', seal(rsa, `${header}.${text.replaceAll('.', '')}`), 'malformed'],
    ['a header in clear', seal(rsa, `{"alg":"RS256"}.${encode(text)}`), 'malformed'],
    ['a header with padding', seal(rsa, `${encode('{"alg":"RS256"} ')}==.${encode(text)}`), 'malformed'],
  ]
}

function oversized(rsa: SigningKey, claims: object): readonly HostileToken[] {
  const filler = 'x'.repeat(16 * 1024)
  return [
    ['claims of 16 KiB', signToken(rsa, { alg: 'RS256' }, { ...claims, filler }), 'malformed'],
    ['a header of 16 KiB', signToken(rsa, { alg: 'RS256', filler }, claims), 'malformed'],
    ['a signature of 16 KiB', `${encode({ alg: 'RS256' })}.${encode(claims)}.${filler}`, 'malformed'],
    ['dots by the thousand', '.'.repeat(16 * 1024), 'malformed'],
    ['a megabyte', 'A'.repeat(1024 * 1024), 'malformed'],
  ]
}

/** Signed in earnest, so that nothing but the payload is wrong. */
function payloadsThatAreNoClaims(rsa: SigningKey, good: string): readonly HostileToken[] {
  const [header] = good.split('.')
  const texts = [
    ...[
      '[]',
      'null',
      'true',
      '1',
      '"exp"',
      'exp',
      '[{"exp":9999999999}]',
      '{"exp":9999999999',
      '{"exp":9999999999}}',
      '{',
    ],
    ...[
      '{"exp":NaN}',
      '{"exp":Infinity}',
      '{"exp":0x7fffffff}',
      '{"exp":+9999999999}',
      '{"exp":09999999999}',
      "{'exp':1}",
    ],
    ...[
      '{"exp":9999999999,}',
      '{"exp":9999999999}\0',
      '\ufeff{"exp":9999999999}',
      '{"exp":9999999999,"exp":9999999999}',
    ],
    ...[
      '{"exp":1,"exp":9999999999}',
      '{"exp":9999999999,"\\u0065xp":9999999999}',
      '{"exp":9999999999,"a":{"b":1,"b":2}}',
    ],
    ...[
      '{"exp":9999999999,"__proto__":{},"__proto__":{}}',
      '{"sub":"a","exp":9999999999,"sub":"b"}',
      `${'['.repeat(5000)}`,
    ],
  ]
  return [
    ...texts.map(
      (text) =>
        [`payload ${JSON.stringify(text.slice(0, 60))}`, signToken(rsa, { alg: 'RS256' }, text), 'malformed'] as const,
    ),
    ['an empty payload', seal(rsa, `${header}.`), 'malformed'],
    [
      'a payload in UTF-16',
      signToken(rsa, { alg: 'RS256' }, Buffer.from('{"exp":9999999999}', 'utf16le')),
      'malformed',
    ],
    [
      'a payload in latin1',
      signToken(rsa, { alg: 'RS256' }, Buffer.from('{"exp":9999999999,"a":"ö"}', 'latin1')),
      'malformed',
    ],
  ]
}
