/** Settings of tokens and addresses into `AccessConfig`. */

import type { StaticKeyOptions } from '../access/static-keys.ts'
import type { AccessConfig, JwtConfig } from './config.ts'
import { effectiveJwt, isProtected, type Jwt, type StaticKey, staticKeysOf } from './effective-jwt.ts'
import { claimRuleOf } from './rules-claims.ts'
import { tokenSourceOf } from './rules-token-sources.ts'
import type { Settings } from './schema.ts'

/** `publicKeys`: PEM texts by the path of their file. Settings that come to the same share one `JwtConfig`. */
export function jwtBuilder(publicKeys: ReadonlyMap<string, string>): (jwt: Jwt) => JwtConfig {
  const shared = new Map<string, JwtConfig>()
  return (jwt) => {
    const built = buildJwt(jwt, publicKeys)
    const same = shared.get(JSON.stringify(built)) ?? built
    shared.set(JSON.stringify(built), same)
    return same
  }
}

export function buildAccess(
  settings: Settings,
  bucket: Settings['buckets'][number],
  buildShared: (jwt: Jwt) => JwtConfig,
): AccessConfig {
  const jwt = isProtected(settings, bucket) ? effectiveJwt(settings, bucket) : undefined
  return {
    jwt: jwt && buildShared(jwt),
    claims: jwt?.claims.map(claimRuleOf) ?? [],
    ipAllowlist: bucket.ip_allowlist,
    ipBlocklist: bucket.ip_blocklist,
  }
}

function buildJwt(jwt: Jwt, publicKeys: ReadonlyMap<string, string>): JwtConfig {
  const { jwks_url: url, token_sources: sources } = jwt
  const keys = staticKeysOf(jwt, 'jwt').map((key) => buildKey(key, publicKeys))
  const refreshIntervalMs = Math.round(jwt.jwks_refresh_interval_seconds * 1000)
  return {
    keys: url === undefined ? { kind: 'static', keys } : { kind: 'jwks', url, refreshIntervalMs },
    sources: sources.length === 0 ? [{ kind: 'bearer' }] : sources.map(tokenSourceOf),
    issuer: [jwt.issuer].flat(),
    audience: [jwt.audience].flat(),
    leewayMs: Math.round(jwt.leeway_seconds * 1000),
    requireExp: jwt.require_exp,
  }
}

/** The rules have seen to it that each key has an algorithm and what the algorithm takes. */
function buildKey({ id, algorithm, secret, file }: StaticKey, pems: ReadonlyMap<string, string>): StaticKeyOptions {
  const pem = pems.get(file ?? '')
  if (algorithm === undefined || (secret === undefined && pem === undefined)) throw new Error('a key that is none')
  const material = secret === undefined ? { pem: pem ?? '' } : { secret }
  return { ...(id !== undefined && { id }), algorithm, ...material }
}
