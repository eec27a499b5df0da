/** Rules between the settings of who may read. No bucket is left open, or shut for good, by what they leave out. */

import { inBoth } from '../http/address-set.ts'
import { isProtected, jwtInUse, type KeySettings, staticKeysOf } from './effective-jwt.ts'
import { addressBlock } from './formats.ts'
import type { Report } from './problem.ts'
import { checkClaims } from './rules-claims.ts'
import { checkKeys } from './rules-keys.ts'
import { checkTokenSources } from './rules-token-sources.ts'
import type { Settings } from './schema.ts'
import { keyFields } from './settings-access.ts'

type Bucket = Settings['buckets'][number]

export function checkAccess(settings: Settings, report: Report): void {
  settings.buckets.forEach((bucket, index) => {
    checkAddresses(bucket, `buckets[${index}]`, report)
    if (bucket.jwt !== undefined && isProtected(settings, bucket)) wakeInherited(bucket.jwt, report)
  })
  const { keys, sources, claims } = jwtInUse(settings)
  for (const [at, settingsOfKeys] of keys) checkKeys(settingsOfKeys, at, report)
  for (const [at, list] of sources) checkTokenSources(list, `${at}.token_sources`, report)
  for (const [at, rules] of claims) checkClaims(rules, `${at}.claims`, report)
  requireKeys(settings, report)
  warnOfPublicBuckets(settings, report)
}

function checkAddresses(bucket: Bucket, path: string, report: Report): void {
  const { ip_allowlist: allowed, ip_blocklist: blocked } = bucket
  if ([...allowed, ...blocked].some((block) => addressBlock.problem(block) !== undefined)) return
  for (const block of inBoth(blocked, allowed)) {
    const index = blocked.indexOf(block)
    report.warn(`${path}.ip_blocklist[${index}]`, 'is on ip_allowlist too, which wins: addresses on both are admitted')
  }
}

/** What a bucket takes from a top-level `jwt` that is switched off is used after all. */
function wakeInherited(own: NonNullable<Bucket['jwt']>, report: Report): void {
  const namesKeys = keyFields.some((field) => own[field] !== undefined)
  const isInherited = (field: string, value: unknown) =>
    keyFields.some((name) => name === field) ? !namesKeys : value === undefined
  const inherited = Object.entries(own).filter(([field, value]) => isInherited(field, value))
  report.wake(
    'jwt',
    inherited.map(([field]) => `jwt.${field}`),
  )
}

function requireKeys(settings: Settings, report: Report): void {
  const told = new Set<string>()
  settings.buckets.forEach((bucket, index) => {
    if (!isProtected(settings, bucket)) return
    const missing = missingKey(settings, index, report)
    if (missing === undefined || told.has(missing.path)) return
    told.add(missing.path)
    // The keys of the block that counts: what is unset in a top level that is switched off, nobody is told.
    const keys = keyFields.map((field) => `${missing.at}.${field}`)
    report.contradict([missing.path, `buckets[${index}].jwt.enabled`, 'jwt.enabled', ...keys], missing.message)
  })
}

/** Undefined when there is one. A setting that came out empty still says whose keys count: its bucket takes no others. */
function missingKey(
  { jwt: top, buckets }: Settings,
  index: number,
  report: Report,
): { readonly at: string; readonly path: string; readonly message: string } | undefined {
  const own = `buckets[${index}].jwt`
  const block = buckets[index]?.jwt
  const givenAt = (at: string) => keyFields.map((field) => `${at}.${field}`).filter((path) => report.isGiven(path))
  const isOwn = block !== undefined && givenAt(own).length > 0
  const keys: KeySettings = isOwn ? { ...block, keys: block.keys ?? [] } : top
  if (keys.jwks_url !== undefined || staticKeysOf(keys, '').length > 0) return undefined
  const at = isOwn ? own : 'jwt'
  const emptied = givenAt(at).find((path) => !path.endsWith('.algorithm'))
  if (emptied !== undefined) return { at, path: emptied, message: 'must not be empty: a bucket is protected by it' }
  return {
    at,
    path: block === undefined ? 'jwt' : own,
    message: 'needs a key to verify tokens with: secret, the path of a public key, keys or jwks_url',
  }
}

function warnOfPublicBuckets({ jwt, buckets }: Settings, report: Report): void {
  if (jwt.enabled !== undefined || !keyFields.some((field) => report.isGiven(`jwt.${field}`))) return
  const open = buckets.filter((bucket) => bucket.jwt === undefined).map(({ name }) => name)
  if (open.length > 0)
    report.warn(
      'jwt',
      `protects no bucket without a jwt block of its own unless it says enabled: true; public: ${open.join(', ')}`,
    )
}
