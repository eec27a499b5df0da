/** `yatagarasu token`: a token for trying things out, signed with a secret of the config. */

import { SignJWT } from 'jose'
import type { ClaimRule } from '../access/claim-rules.ts'
import type { StaticKeyOptions } from '../access/static-keys.ts'
import type { Config, JwtConfig } from '../config/config.ts'
import { type Command, requireText, textOf, textsOf, UsageError, type Values } from './command.ts'
import { readConfig } from './config-file.ts'
import { satisfyClaims, setClaim } from './satisfying-claims.ts'

const help = `yatagarasu token --config FILE [--bucket NAME] [options]

Signs a token with the HMAC secret of a protected bucket, or of the administrators, for trying
things out. Issuer and audience are what is asked for there.

  --bucket NAME          whose secret; may be left out where only one bucket has one
  --admin                for an administrator: of everything, or of the bucket with --bucket.
                         It says what the admin claims ask for
  --subject NAME         who it is for (sub)
  --claim PATH=VALUE     something it says, such as role=admin or 'tenant={"id":"acme"}';
                         may be repeated; JSON where VALUE is JSON, else text
  --expires-in SECONDS   how long it is valid (3600)
  --json                 {"token":…,"bucket":…,"admin":…,"claims":…} instead of the bare token

  curl -H "Authorization: Bearer $(yatagarasu token --config FILE --subject ann)" URL`

export const command: Command = {
  options: {
    config: { type: 'string' },
    bucket: { type: 'string' },
    admin: { type: 'boolean' },
    subject: { type: 'string' },
    claim: { type: 'string', multiple: true },
    'expires-in': { type: 'string' },
    json: { type: 'boolean' },
  },
  help,
  async run({ values, env, clock, write }) {
    const config = await readConfig(requireText(values, 'config', 'FILE'), env)
    const isAdmin = values['admin'] === true
    const door = isAdmin ? adminDoor(config, textOf(values, 'bucket')) : bucketDoor(config, textOf(values, 'bucket'))
    const claims = claimsFor(door, values, Math.floor(clock.now() / 1000))
    const token = await sign(claims, door.key)
    const { bucket } = door
    write(values['json'] === true ? JSON.stringify({ token, bucket, ...(isAdmin && { admin: true }), claims }) : token)
    return 0
  },
}

type SecretKey = Extract<StaticKeyOptions, { secret: string }>

/** Whom a token is good for. */
interface Door {
  /** Undefined: everything. */
  readonly bucket: string | undefined
  readonly jwt: JwtConfig
  readonly key: SecretKey
  /** What the token has to say; empty where that is left to `--claim`. */
  readonly rules: readonly ClaimRule[]
}

function bucketDoor(config: Config, name: string | undefined): Door {
  const able = config.buckets.flatMap(({ name: bucket, access: { jwt } }) => doorsOf(bucket, jwt, []))
  const names = able.map(({ bucket }) => bucket).join(', ') || 'none'
  const [only, second] = name === undefined ? able : able.filter(({ bucket }) => bucket === name)
  if (only !== undefined && second === undefined) return only
  if (only !== undefined) throw new UsageError(`several buckets have a secret; say which with --bucket: ${names}`)
  const what = name === undefined ? 'no bucket has' : `bucket ${name} does not exist or has no`
  throw new UsageError(`${what}${name === undefined ? ' a' : ''} secret to sign with (those that do: ${names})`)
}

/** Of several that lead to the same, the first. */
function adminDoor({ admin, buckets }: Config, name: string | undefined): Door {
  if (admin === undefined) throw new UsageError('there is no administration: nobody has admin claims')
  const own = buckets.flatMap((bucket) => (bucket.name === name ? (bucket.admin ?? []) : []))
  const granted = name === undefined ? admin.access : own
  const [door] = granted.flatMap(({ jwt, claims }) => (claims.length === 0 ? [] : doorsOf(name, jwt, claims)))
  if (door !== undefined) return door
  const whose = name === undefined ? '' : ` of bucket ${name}`
  const hint = name === undefined ? '; a bucket may have its own: say which with --bucket' : ''
  throw new UsageError(`there are no administrators${whose} whose tokens a secret verifies${hint}`)
}

/** None without a secret to sign with. */
function doorsOf<B extends string | undefined>(
  bucket: B,
  jwt: JwtConfig | undefined,
  rules: readonly ClaimRule[],
): readonly (Door & { readonly bucket: B })[] {
  if (jwt?.keys.kind !== 'static') return []
  const key = jwt.keys.keys.find((key): key is SecretKey => 'secret' in key)
  return key === undefined ? [] : [{ bucket, jwt, key, rules }]
}

function claimsFor({ jwt, rules }: Door, values: Values, issuedAt: number): Record<string, unknown> {
  const expiresIn = textOf(values, 'expires-in') ?? '3600'
  const lifetime = Number(expiresIn)
  if (!Number.isFinite(lifetime)) throw new UsageError(`--expires-in wants seconds, not '${expiresIn}'`)
  const subject = textOf(values, 'subject')
  const claims: Record<string, unknown> = {
    ...(jwt.issuer[0] !== undefined && { iss: jwt.issuer[0] }),
    ...(jwt.audience[0] !== undefined && { aud: jwt.audience[0] }),
    ...(subject !== undefined && { sub: subject }),
    iat: issuedAt,
    exp: issuedAt + Math.floor(lifetime),
  }
  for (const claim of textsOf(values, 'claim')) setGiven(claims, claim)
  const unmet = satisfyClaims(rules, claims)
  if (unmet === undefined) return claims
  const { claim, operator } = unmet
  throw new UsageError(
    `administrators need a claim ${claim} that satisfies ${operator}; give it with --claim ${claim}=VALUE`,
  )
}

function setGiven(claims: Record<string, unknown>, text: string): void {
  const equals = text.indexOf('=')
  if (equals < 1) throw new UsageError(`--claim wants PATH=VALUE, not '${text}'`)
  setClaim(claims, text.slice(0, equals), claimValue(text.slice(equals + 1)))
}

function claimValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text // translated: what is no JSON is text
  }
}

function sign(claims: Record<string, unknown>, { id, algorithm, secret }: SecretKey): Promise<string> {
  const header = { alg: algorithm, typ: 'JWT', ...(id !== undefined && { kid: id }) }
  return new SignJWT(claims).setProtectedHeader(header).sign(new TextEncoder().encode(secret))
}
