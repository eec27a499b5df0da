/** What the `jwt` settings of the top level and of whoever overrides them come to, and where in the file each part of it stands. */

import type { Settings } from './schema.ts'
import { keyFields } from './settings-access.ts'

type Bucket = Settings['buckets'][number]
/** Who may administer is never inherited, and so is no part of it. */
export type Jwt = Omit<Settings['jwt'], 'admin_claims'>
export type KeySettings = Pick<Jwt, (typeof keyFields)[number]>
/** The `jwt` of a bucket, or that of `admin`, which has neither of the last two. */
export type JwtBlock = Omit<NonNullable<Bucket['jwt']>, 'admin_claims' | 'claims' | 'token_sources'> & {
  readonly [K in 'claims' | 'token_sources']?: Jwt[K] | undefined
}

export function isProtected({ jwt }: Settings, bucket: Bucket): boolean {
  return bucket.jwt === undefined ? jwt.enabled === true : bucket.jwt.enabled !== false
}

/** For a protected bucket. */
export function effectiveJwt({ jwt: top }: Settings, { jwt: own }: Bucket): Jwt {
  return overriddenJwt(top, own)
}

export function overriddenJwt(top: Jwt, own: JwtBlock | undefined): Jwt {
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
export function ownKeys(own: JwtBlock | undefined): KeySettings | undefined {
  if (own === undefined || keyFields.every((field) => own[field] === undefined)) return undefined
  return { ...own, keys: own.keys ?? [] }
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

export function hasKey(jwt: KeySettings): boolean {
  return jwt.jwks_url !== undefined || staticKeysOf(jwt, '').length > 0
}
