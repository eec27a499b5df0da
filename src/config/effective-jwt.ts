/** What the `jwt` settings of the top level and of a bucket come to, and where in the file each part of it stands. */

import type { Settings } from './schema.ts'
import { keyFields } from './settings-access.ts'

type Bucket = Settings['buckets'][number]
type Jwt = Settings['jwt']
export type KeySettings = Pick<Jwt, (typeof keyFields)[number]>

export function isProtected({ jwt }: Settings, bucket: Bucket): boolean {
  return bucket.jwt === undefined ? jwt.enabled === true : bucket.jwt.enabled !== false
}

/** For a protected bucket. */
export function effectiveJwt({ jwt: top }: Settings, { jwt: own }: Bucket): Jwt {
  if (own === undefined) return top
  return {
    enabled: true,
    ...(ownKeys(own) ?? top),
    jwks_refresh_interval_seconds: own.jwks_refresh_interval_seconds ?? top.jwks_refresh_interval_seconds,
    token_sources: own.token_sources ?? top.token_sources,
    issuer: own.issuer ?? top.issuer,
    audience: own.audience ?? top.audience,
    leeway_seconds: own.leeway_seconds ?? top.leeway_seconds,
    require_exp: own.require_exp ?? top.require_exp,
    claims: own.claims ?? top.claims,
  }
}

/** Undefined when the block names none. */
function ownKeys(own: Bucket['jwt']): KeySettings | undefined {
  if (own === undefined || keyFields.every((field) => own[field] === undefined)) return undefined
  return { ...own, keys: own.keys ?? [] }
}

/** The parts of `jwt` blocks that hold for somebody, by the path of the block: what buckets inherit is there once. */
export interface JwtInUse {
  readonly keys: ReadonlyMap<string, KeySettings>
  readonly sources: ReadonlyMap<string, Jwt['token_sources']>
  readonly claims: ReadonlyMap<string, Jwt['claims']>
}

export function jwtInUse(settings: Settings): JwtInUse {
  const [keys, sources, claims] = [
    new Map<string, KeySettings>(),
    new Map<string, Jwt['token_sources']>(),
    new Map<string, Jwt['claims']>(),
  ]
  const add = (jwt: Jwt, at: Record<'keys' | 'sources' | 'claims', string>) => {
    keys.set(at.keys, jwt)
    sources.set(at.sources, jwt.token_sources)
    claims.set(at.claims, jwt.claims)
  }
  // Unless it is switched off, the top level is held to its word even where no bucket takes it.
  if (settings.jwt.enabled !== false) add(settings.jwt, { keys: 'jwt', sources: 'jwt', claims: 'jwt' })
  settings.buckets.forEach((bucket, index) => {
    if (!isProtected(settings, bucket)) return
    const where = (isOwn: boolean) => (isOwn ? `buckets[${index}].jwt` : 'jwt')
    add(effectiveJwt(settings, bucket), {
      keys: where(ownKeys(bucket.jwt) !== undefined),
      sources: where(bucket.jwt?.token_sources !== undefined),
      claims: where(bucket.jwt?.claims !== undefined),
    })
  })
  return { keys, sources, claims }
}

/** A key of the file, with the paths of its settings. */
export interface StaticKey {
  readonly at: string
  readonly id: string | undefined
  readonly algorithm: Jwt['algorithm']
  readonly secret: string | undefined
  readonly file: string | undefined
  readonly fileAt: string
}

/** `at`: the path of the block. */
export function staticKeysOf(jwt: KeySettings, at: string): readonly StaticKey[] {
  const { algorithm, secret, rsa_public_key_path: rsa, ecdsa_public_key_path: ecdsa } = jwt
  const file = rsa ?? ecdsa
  const fileAt = `${at}.${rsa === undefined ? 'ecdsa_public_key_path' : 'rsa_public_key_path'}`
  const single = { at, id: undefined, algorithm, secret, file, fileAt }
  const several = jwt.keys.map(({ path, ...key }, index) => {
    const keyAt = `${at}.keys[${index}]`
    return { ...key, at: keyAt, file: path, fileAt: `${keyAt}.path` }
  })
  return secret === undefined && file === undefined ? several : [single, ...several]
}
