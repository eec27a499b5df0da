/** Rules between the settings of who may read. No bucket is left open, or shut for good, by what they leave out. */

import { inBoth } from '../http/address-set.ts'
import { isProtected, type JwtBlock } from './effective-jwt.ts'
import { addressBlock } from './formats.ts'
import { jwtInUse } from './jwt-in-use.ts'
import type { Report } from './problem.ts'
import { checkClaims } from './rules-claims.ts'
import { checkKeys, missingKey, needsKey } from './rules-keys.ts'
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
  for (const [at, list] of sources) checkTokenSources(list, at, report)
  for (const [at, rules] of claims) checkClaims(rules, at, report)
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

/** What a block takes from a top-level `jwt` that is switched off is used after all. */
export function wakeInherited(own: Partial<JwtBlock>, report: Report): void {
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
    const own = { block: bucket.jwt, at: `buckets[${index}].jwt` }
    const missing = missingKey(settings.jwt, own, report)
    if (missing === undefined) return
    const path = missing.emptied ?? (bucket.jwt === undefined ? 'jwt' : own.at)
    if (told.has(path)) return
    told.add(path)
    const message = missing.emptied === undefined ? needsKey : 'must not be empty: a bucket is protected by it'
    // The keys of the block that counts: what is unset in a top level that is switched off, nobody is told.
    report.contradict([path, `${own.at}.enabled`, 'jwt.enabled', ...missing.keys], message)
  })
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
