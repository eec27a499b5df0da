/** Tokens signed in earnest that do not say what is wanted. */
import type { HostileToken } from './hostile-tokens.ts'
import { goodClaims, type Part, signToken, type TokenKeys, wanted } from './token-keys.ts'

const leeway = wanted.leewayMs / 1000

export function hostileClaims({ rsa }: TokenKeys, nowMs: number): readonly HostileToken[] {
  const good = goodClaims(nowMs)
  const now = nowMs / 1000
  const signed = (claims: Part) => signToken(rsa, { alg: 'RS256' }, claims)
  /** With members that JSON.stringify would not write. */
  const withText = (name: string, text: string) => {
    const { [name as 'exp']: _, ...others } = good
    return signed(`${JSON.stringify(others).slice(0, -1)},"${name}":${text}}`)
  }
  const { exp: _exp, ...endless } = good
  return [
    ...[now - leeway - 1, now - leeway, now - leeway - 0.5, now - 3600, 1, 0, -1, -0.5, -1e300, 1e-300].map(
      (exp) => [`exp ${label(exp, now)}`, signed({ ...good, exp }), 'expired'] as const,
    ),
    ...[now + leeway + 1, now + leeway + 0.01, now + 3600, nowMs, 1e300].map(
      (nbf) => [`nbf ${label(nbf, now)}`, signed({ ...good, nbf }), 'not-yet'] as const,
    ),
    ['no exp', signed(endless), 'no-expiry'],
    ['Exp for exp', signed({ ...endless, Exp: good.exp }), 'no-expiry'],
    ['exp deeper down', signed({ ...endless, claims: { exp: good.exp } }), 'no-expiry'],
    ['exp by inheritance', signed(`{"__proto__":${JSON.stringify(good)}}`), 'no-expiry'],
    ['no claims at all', signed({}), 'no-expiry'],
    ...['exp', 'nbf', 'iat'].flatMap((name) =>
      [
        ...[
          `"${good.exp}"`,
          `"2030-01-01T00:00:00Z"`,
          '"NaN"',
          '""',
          '1e400',
          '-1e400',
          `[${good.exp}]`,
          '[]',
          '{}',
          'null',
        ],
        ...['true', 'false'],
      ].map((text) => [`${name} ${text}`, withText(name, text), 'malformed'] as const),
    ),
    ...issuers.map((iss) => [`iss ${JSON.stringify(iss)}`, signed({ ...good, iss }), 'issuer'] as const),
    ...audiences.map((aud) => [`aud ${JSON.stringify(aud)}`, signed({ ...good, aud }), 'audience'] as const),
    ['no iss', signed({ ...good, iss: undefined }), 'issuer'],
    ['no aud', signed({ ...good, aud: undefined }), 'audience'],
    ['iss and aud swapped', signed({ ...good, iss: 'cdn', aud: 'https://issuer.example' }), 'issuer'],
    ...[[wanted.issuer[0]], wanted.issuer, null, 1, true, {}].map(
      (iss) => [`iss ${JSON.stringify(iss)} that is no text`, signed({ ...good, iss }), 'malformed'] as const,
    ),
    ...[null, 1, true, {}, { cdn: true }, [['cdn']], ['cdn', 1], ['cdn', null]].map(
      (aud) => [`aud ${JSON.stringify(aud)} that is no text`, signed({ ...good, aud }), 'malformed'] as const,
    ),
    ...[null, 1, true, {}, ['ann']].map(
      (sub) => [`sub ${JSON.stringify(sub)} that is no text`, signed({ ...good, sub }), 'malformed'] as const,
    ),
  ]
}

function label(seconds: number, now: number): string {
  return Math.abs(seconds - now) <= 3600
    ? `${seconds < now ? '' : '+'}${(seconds - now).toFixed(2)} s from now`
    : `${seconds}`
}

const issuers = [
  ...[
    '',
    'https://stranger.example',
    'https://issuer.example/',
    'https://issuer.exampl',
    'https://issuer.example.evil.example',
  ],
  ...[
    'https://issuer.example@evil.example',
    'http://issuer.example',
    'HTTPS://ISSUER.EXAMPLE',
    'https://issuer.example ',
  ],
  ...[
    ' https://issuer.example',
    'https://issuer.example\0',
    'https://issuer.example,https://other.example',
    'issuer.example',
  ],
  ...[
    'https://issuer.example\u200b',
    'https://іssuer.example',
    'https://evil.example/https://issuer.example',
    '*',
    'undefined',
  ],
]

const audiences = [
  ...[
    '',
    'cdn2',
    'cd',
    'xcdn',
    'CDN',
    'cdn ',
    'cdn\0',
    'cdn,files',
    'cdn files',
    '*',
    'https://files.example',
    'undefined',
  ],
  ...[
    [],
    [''],
    ['cdn2'],
    ['CDN', 'xcdn', 'cd'],
    ['cdn,other'],
    ['c', 'd', 'n'],
    ['https://files.example', 'https://files.example//'],
  ],
]
