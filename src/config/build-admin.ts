/** Settings of administrators into `AdminConfig`, and into the `AdminAccess` of buckets. */

import type { AdminAccess, AdminConfig, JwtConfig } from './config.ts'
import { type AdminGrant, adminGrants, bucketGrant, isAdminOn } from './effective-admin.ts'
import type { Jwt } from './effective-jwt.ts'
import { claimRuleOf } from './rules-claims.ts'
import { adminAddress } from './rules-listeners.ts'
import type { Settings } from './schema.ts'

export function buildAdmin(settings: Settings, buildJwt: (jwt: Jwt) => JwtConfig): AdminConfig | undefined {
  if (!isAdminOn(settings)) return undefined
  const access = adminGrants(settings).map((grant) => buildGrant(grant, buildJwt))
  return { address: adminAddress(settings), access }
}

export function buildBucketAdmin(
  settings: Settings,
  bucket: Settings['buckets'][number],
  buildJwt: (jwt: Jwt) => JwtConfig,
): AdminAccess | undefined {
  const grant = bucketGrant(settings, bucket)
  return grant && buildGrant(grant, buildJwt)
}

/** Without sources of their own, tokens come in a bearer header. */
function buildGrant(
  { jwt, claims }: Pick<AdminGrant, 'jwt' | 'claims'>,
  buildJwt: (jwt: Jwt) => JwtConfig,
): AdminAccess {
  return { jwt: buildJwt({ ...jwt, token_sources: [] }), claims: claims.map(claimRuleOf) }
}
