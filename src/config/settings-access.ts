// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what config files hold
/** Who may read: tokens, for all buckets and as overrides of one, and lists of addresses. */

import { addressBlock, jwksUrl } from './formats.ts'
import { choice, flag, inherited, list, number, oneOrList, optionalSection, scalar, section, text } from './setting.ts'

const algorithm = {
  values: ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'],
} as const

const keyFile =
  'A public key in PEM form, or a certificate with it: RSA of at least 2048 bits, P-256 for ES256, P-384 for ES384, Ed25519 for EdDSA.'

const key = section('One key.', {
  id: text({
    example: 'key1',
    help: 'The `kid` tokens name it by. Without one it is tried for any token of its algorithm.',
  }),
  algorithm: choice({ ...algorithm, required: true, example: 'HS256', help: 'The one algorithm it verifies.' }),
  secret: text({
    secret: 'all',
    example: '${JWT_SECRET}',
    help: 'For HS256, HS384 and HS512, and at least as long as their hash.',
  }),
  path: text({
    aliases: ['rsa_public_key_path', 'ecdsa_public_key_path'],
    help: `The file of its key, for the other algorithms. ${keyFile}`,
  }),
})

const tokenSource = section('One place in a request.', {
  type: choice({
    values: ['bearer_header', 'bearer', 'header', 'query_param', 'query', 'cookie'],
    required: true,
    example: 'header',
    help: '`bearer_header` (or `bearer`): `Authorization: Bearer …`. The others are called `name`.',
  }),
  name: text({ example: 'X-Token', help: 'The name of the header field, query parameter or cookie.' }),
  prefix: text({ example: '"Token "', help: 'What comes before the token in a header field.' }),
})

function claimRule(example: string) {
  return section('One rule.', {
    claim: text({
      required: true,
      example: 'role',
      help: 'The name of a claim, or the dotted path to it, such as `tenant.id`.',
    }),
    operator: choice({
      values: ['equals', 'not_equals', 'in', 'not_in', 'contains', 'exists', 'gt', 'gte', 'lt', 'lte', 'matches'],
      required: true,
      example: 'in',
      help: 'How the claim is compared with `value`. `matches`: a regular expression.',
    }),
    value: oneOrList(scalar({ help: 'Text, a number or a boolean, which differ even where they look alike.' }), {
      mayBeEmpty: false,
      absent: 'none; only `exists` needs none',
      example,
      help: 'A list for `in` and `not_in`; a number for `gt`, `gte`, `lt` and `lte`; `true` or `false` for `exists`.',
    }),
  })
}

const claim = claimRule('[admin, reader]')
/** For administrators: whoever takes the example for a rule is not to let readers in. */
export const adminClaim = claimRule('[admin]')

/** A bucket that says any of these takes none of them from the top-level `jwt`. */
export const keyFields = [
  'algorithm',
  'secret',
  'rsa_public_key_path',
  'ecdsa_public_key_path',
  'keys',
  'jwks_url',
] as const

const keys = {
  algorithm: choice({ ...algorithm, example: 'HS256', help: 'The algorithm of the one key that stands beside it.' }),
  secret: text({
    secret: 'all',
    example: '${JWT_SECRET}',
    help: 'The secret of HS256, HS384 or HS512, at least as long as their hash.',
  }),
  rsa_public_key_path: text({ help: `The file of its key, for RS256, RS384, RS512 and PS256. ${keyFile}` }),
  ecdsa_public_key_path: text({ help: 'The same, for ES256, ES384 and EdDSA.' }),
  keys: list(key, { mayBeEmpty: true, help: 'Several keys, or keys that tokens name by `kid`.' }),
  jwks_url: text({
    format: jwksUrl,
    help: 'Where to fetch the keys as a JWK Set, in place of keys of this file. `https`, or `http` to loopback.',
  }),
}

/** How tokens are found and verified, whatever they have to say. */
export const verification = {
  ...keys,
  jwks_refresh_interval_seconds: number({
    unit: 'seconds',
    default: 3600,
    min: 1,
    max: 2_147_483,
    help: 'How often they are fetched anew.',
  }),
  token_sources: list(tokenSource, {
    mayBeEmpty: false,
    absent: 'a bearer header',
    help: 'Where tokens are looked for. The first place that has one decides.',
  }),
  issuer: oneOrList(text({ help: 'Text.' }), {
    mayBeEmpty: true,
    absent: 'any',
    example: 'https://id.example.com',
    help: 'Who may have issued a token: its `iss`.',
  }),
  audience: oneOrList(text({ help: 'Text.' }), {
    mayBeEmpty: true,
    absent: 'any',
    example: 'downloads',
    help: 'Whom a token must be meant for: its `aud`.',
  }),
  leeway_seconds: number({
    unit: 'seconds',
    default: 30,
    min: 0,
    max: 86_400,
    help: 'How far the clocks of issuer and proxy may be apart.',
  }),
  require_exp: flag({ default: true, help: 'Whether a token has to expire.' }),
}

const readers = {
  claims: list(claim, {
    aliases: ['jwt.claims_verification'],
    mayBeEmpty: true,
    help: 'What a token has to say. All must hold; judged on every request.',
  }),
}

export const jwt = section('Tokens (JWT), for all buckets. A bucket overrides it key by key.', {
  enabled: flag({
    absent: 'as `false`',
    example: 'false',
    help: 'Whether buckets without a `jwt` of their own are protected.',
  }),
  ...verification,
  ...readers,
  admin_claims: list(adminClaim, {
    mayBeEmpty: true,
    absent: 'none, which nobody meets',
    help: 'What a token that these keys verify has to say for its bearer to be an administrator of everything. All must hold.',
  }),
})

const inheritedJwt = inherited('jwt', { ...verification, ...readers })

const bucketJwt = optionalSection(
  'Tokens. That it is there protects the bucket. The keys (`algorithm` to `jwks_url`) are taken from the top-level `jwt` together or not at all.',
  {
    enabled: flag({
      absent: '`true`',
      example: 'true',
      aliases: ['auth.enabled'],
      help: 'Whether tokens are asked for. `false` makes the bucket public, whatever the top-level `jwt` says.',
    }),
    ...inheritedJwt,
    claims: { ...inheritedJwt.claims, aliases: ['jwt.claims_verification', 'auth.claims_verification'] },
    admin_claims: list(adminClaim, {
      mayBeEmpty: true,
      absent: 'none, which nobody meets',
      help: 'What a token has to say for its bearer to be an administrator of this bucket and of nothing else. All must hold. Never inherited.',
    }),
  },
  { aliases: ['auth.jwt'] },
)

export const bucketAccess = {
  jwt: bucketJwt,
  ip_allowlist: list(text({ format: addressBlock, help: 'An address or a CIDR block.' }), {
    mayBeEmpty: true,
    absent: 'any address',
    help: 'The only addresses that are let in, blocked or not.',
  }),
  ip_blocklist: list(text({ format: addressBlock, help: 'An address or a CIDR block.' }), {
    mayBeEmpty: true,
    help: 'Addresses that are not let in.',
  }),
}
