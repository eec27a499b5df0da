/** `yatagarasu token`: a token for trying things out, signed with a secret of the config. */

import { SignJWT } from 'jose'
import type { StaticKeyOptions } from '../access/static-keys.ts'
import type { Clock } from '../base/clock.ts'
import type { BucketConfig, Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'

export const tokenHelp = `yatagarasu token --config FILE [--bucket NAME] [options]

Signs a token with the HMAC secret of a protected bucket, for trying things out. Issuer and
audience are what the bucket asks for.

  --bucket NAME          whose secret; may be left out where only one bucket has one
  --subject NAME         who it is for (sub)
  --claim PATH=VALUE     something it says, such as role=admin or 'tenant={"id":"acme"}';
                         may be repeated; JSON where VALUE is JSON, else text
  --expires-in SECONDS   how long it is valid (3600)
  --json                 {"token":…,"bucket":…,"claims":…} instead of the bare token

  curl -H "Authorization: Bearer $(yatagarasu token --config FILE --subject ann)" URL`

export interface TokenArgs {
  readonly configFile: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly bucket: string | undefined
  readonly subject: string | undefined
  /** Each as `path=value`. */
  readonly claims: readonly string[]
  readonly expiresIn: string
  readonly json: boolean
  readonly clock: Clock
  write(line: string): void
  complain(line: string): void
}

type SecretKey = Extract<StaticKeyOptions, { secret: string }>

/** What the command line asks for cannot be had: told as it stands, and exit code 2. */
class UsageError extends Error {}

/** Returns the exit code. */
export async function token(args: TokenArgs): Promise<number> {
  const loaded = loadConfig(args.configFile, args.env)
  if (loaded.kind === 'problems') {
    for (const problem of loaded.problems) args.complain(formatProblem(problem))
    return 2
  }
  try {
    const { bucket, key } = signer(loaded.config, args.bucket)
    const claims = claimsFor(bucket, args)
    const token = await sign(claims, key)
    args.write(args.json ? JSON.stringify({ token, bucket: bucket.name, claims }) : token)
    return 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    args.complain(`yatagarasu token: ${error.message}`)
    return 2
  }
}

function signer(config: Config, name: string | undefined): { bucket: BucketConfig; key: SecretKey } {
  const able = config.buckets.flatMap((bucket) => {
    const key = secretOf(bucket)
    return key === undefined ? [] : [{ bucket, key }]
  })
  const names = able.map(({ bucket }) => bucket.name).join(', ') || 'none'
  const [only, second] = name === undefined ? able : able.filter(({ bucket }) => bucket.name === name)
  if (only !== undefined && second === undefined) return only
  if (only !== undefined) throw new UsageError(`several buckets have a secret; say which with --bucket: ${names}`)
  const what = name === undefined ? 'no bucket has' : `bucket ${name} does not exist or has no`
  throw new UsageError(`${what}${name === undefined ? ' a' : ''} secret to sign with (those that do: ${names})`)
}

function secretOf({ access: { jwt } }: BucketConfig): SecretKey | undefined {
  if (jwt?.keys.kind !== 'static') return undefined
  return jwt.keys.keys.find((key): key is SecretKey => 'secret' in key)
}

function claimsFor({ access: { jwt } }: BucketConfig, args: TokenArgs): Record<string, unknown> {
  const lifetime = Number(args.expiresIn)
  if (!Number.isFinite(lifetime)) throw new UsageError(`--expires-in wants seconds, not '${args.expiresIn}'`)
  const issuedAt = Math.floor(args.clock.now() / 1000)
  const claims: Record<string, unknown> = {
    ...(jwt?.issuer[0] !== undefined && { iss: jwt.issuer[0] }),
    ...(jwt?.audience[0] !== undefined && { aud: jwt.audience[0] }),
    ...(args.subject !== undefined && { sub: args.subject }),
    iat: issuedAt,
    exp: issuedAt + Math.floor(lifetime),
  }
  for (const claim of args.claims) setClaim(claims, claim)
  return claims
}

function setClaim(claims: Record<string, unknown>, text: string): void {
  const equals = text.indexOf('=')
  if (equals < 1) throw new UsageError(`--claim wants PATH=VALUE, not '${text}'`)
  const steps = text.slice(0, equals).split('.')
  const last = steps.pop() ?? ''
  let place = claims
  for (const step of steps) {
    const next = Object.hasOwn(place, step) ? place[step] : undefined
    const inner = typeof next === 'object' && next !== null ? (next as Record<string, unknown>) : {}
    define(place, step, inner)
    place = inner
  }
  define(place, last, claimValue(text.slice(equals + 1)))
}

/** As an own property, whatever its name. */
function define(place: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(place, name, { value, enumerable: true, writable: true, configurable: true })
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
