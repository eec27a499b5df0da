/** The parts of `jwt` blocks that hold for somebody, each once however many inherit it. */

import { adminGrants, bucketGrant } from './effective-admin.ts'
import { effectiveJwt, isProtected, type Jwt, type KeySettings, ownKeys } from './effective-jwt.ts'
import type { Settings } from './schema.ts'

export interface JwtInUse {
  /** By the path of their block. */
  readonly keys: ReadonlyMap<string, KeySettings>
  /** These two by their own path. */
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
    sources.set(`${at.sources}.token_sources`, jwt.token_sources)
    claims.set(`${at.claims}.claims`, jwt.claims)
  }
  // Unless it is switched off, the top level is held to its word even where no bucket takes it.
  if (settings.jwt.enabled !== false) add(settings.jwt, { keys: 'jwt', sources: 'jwt', claims: 'jwt' })
  settings.buckets.forEach((bucket, index) => {
    if (!isProtected(settings, bucket)) return
    const own = `buckets[${index}].jwt`
    const where = (isOwn: boolean) => (isOwn ? own : 'jwt')
    add(effectiveJwt(settings, bucket), {
      keys: where(ownKeys(bucket.jwt) !== undefined),
      sources: where(bucket.jwt?.token_sources !== undefined),
      claims: where(bucket.jwt?.claims !== undefined),
    })
    const grant = bucketGrant(settings, bucket)
    if (grant !== undefined) claims.set(`${own}.admin_claims`, grant.claims)
  })
  for (const grant of adminGrants(settings)) {
    keys.set(grant.keysAt, grant.jwt)
    claims.set(grant.claimsAt, grant.claims)
  }
  return { keys, sources, claims }
}
