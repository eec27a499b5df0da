/** Who administers: claims, each list with the keys of the tokens that have to say them. */

import { effectiveJwt, hasKey, isProtected, type Jwt, type JwtBlock, overriddenJwt, ownKeys } from './effective-jwt.ts'
import type { Settings } from './schema.ts'

type Bucket = Settings['buckets'][number]

/** Whoever brings a token that `jwt` verifies and that says all of `claims`. Nobody, when there are none. */
export interface AdminGrant {
  readonly claims: Jwt['claims']
  /** Its path. */
  readonly claimsAt: string
  readonly jwt: Jwt
  /** The path of the block that the keys are from. */
  readonly keysAt: string
}

/** What `admin.jwt` overrides. Where administrators have their tokens is no question. */
export function adminBlock({ admin }: Settings): JwtBlock | undefined {
  if (admin.jwt === undefined) return undefined
  const { token_sources: _, ...block } = admin.jwt
  return block
}

/** Unless the file says otherwise, there is an administration when somebody could use it. */
export function isAdminOn(settings: Settings): boolean {
  return settings.admin.enabled ?? isAnybodyAdmin(settings)
}

/** Of everything or of a bucket. */
export function isAnybodyAdmin(settings: Settings): boolean {
  const { admin, jwt, buckets } = settings
  return [admin.claims, jwt.admin_claims, ...buckets.map((bucket) => ownClaims(settings, bucket))].some(
    (claims) => claims.length > 0,
  )
}

/**
 * Over everything. The top level's `enabled` is about buckets alone: it takes nothing away here. Where there are no claims
 * at all, the keys are given without any: a token is known for what it is, and let in nowhere.
 */
export function adminGrants(settings: Settings): readonly AdminGrant[] {
  if (!isAdminOn(settings)) return []
  const { admin, jwt: top } = settings
  const block = adminBlock(settings)
  const jwt = overriddenJwt(top, block)
  const keysAt = ownKeys(block) === undefined ? 'jwt' : 'admin.jwt'
  const own = { claims: admin.claims, claimsAt: 'admin.claims', jwt, keysAt }
  const ofTop = { claims: top.admin_claims, claimsAt: 'jwt.admin_claims', jwt: top, keysAt: 'jwt' }
  const granted = [own, ofTop].filter(({ claims }) => claims.length > 0)
  return granted.length === 0 && hasKey(jwt) ? [own] : granted
}

/** Over that bucket alone. */
export function bucketGrant(settings: Settings, bucket: Bucket): Pick<AdminGrant, 'claims' | 'jwt'> | undefined {
  const claims = ownClaims(settings, bucket)
  return isAdminOn(settings) && claims.length > 0 ? { claims, jwt: effectiveJwt(settings, bucket) } : undefined
}

/** A block that is switched off gives nothing: its keys verify nobody. */
function ownClaims(settings: Settings, bucket: Bucket): Jwt['claims'] {
  return isProtected(settings, bucket) ? (bucket.jwt?.admin_claims ?? []) : []
}
