/** Rules between the settings of administrators. None of them lets anybody in whom the file does not name. */

import { adminBlock, adminGrants, isAnybodyAdmin } from './effective-admin.ts'
import { parseHostPort } from './formats.ts'
import type { Report } from './problem.ts'
import { wakeInherited } from './rules-access.ts'
import { missingKey, needsKey } from './rules-keys.ts'
import type { Settings } from './schema.ts'
import { verification } from './settings-access.ts'

/** An `admin.jwt` that says nothing. */
const silent = Object.fromEntries(Object.keys(verification).map((field) => [field, undefined]))

export function checkAdmin(settings: Settings, report: Report): void {
  const { admin } = settings
  if (admin.enabled === false) return
  const { address } = admin
  if (address !== undefined && parseHostPort(address)?.port === undefined)
    report.contradict(['admin.address'], 'must name a port, such as 127.0.0.1:9091')
  if (admin.jwt?.enabled === false)
    report.contradict(['admin.jwt.enabled'], 'must not be false: administrators always need a token')
  if (admin.claims.length > 0) wakeInherited(adminBlock(settings) ?? silent, report)
  if (settings.jwt.admin_claims.length > 0) {
    report.wake('jwt', ['jwt.admin_claims'])
    wakeInherited(silent, report)
  }
  requireKeys(settings, report)
  warnOfNobody(settings, report)
}

/** What is missing for buckets' sake, `checkAccess` tells. */
function requireKeys(settings: Settings, report: Report): void {
  for (const grant of adminGrants(settings)) {
    const isOwn = grant.claimsAt === 'admin.claims'
    const block = isOwn ? adminBlock(settings) : undefined
    const missing = missingKey(settings.jwt, { block, at: 'admin.jwt' }, report)
    if (missing === undefined) continue
    if (missing.emptied === undefined) report.contradict([grant.claimsAt, ...missing.keys], needsKey)
    else report.contradict([missing.emptied, ...missing.keys], 'must not be empty: administrators are known by it')
  }
}

function warnOfNobody(settings: Settings, report: Report): void {
  const { admin, jwt, buckets } = settings
  const lists = [
    { at: 'admin.claims', claims: admin.claims },
    { at: 'jwt.admin_claims', claims: jwt.admin_claims },
    ...buckets.map((bucket, index) => ({ at: `buckets[${index}].jwt.admin_claims`, claims: bucket.jwt?.admin_claims })),
  ]
  for (const { at, claims } of lists) {
    if (claims?.length === 0 && report.isGiven(at)) report.warn(at, 'is empty, and so lets nobody in')
  }
  buckets.forEach((bucket, index) => {
    if (bucket.jwt?.enabled === false && bucket.jwt.admin_claims.length > 0)
      report.warn(`buckets[${index}].jwt.admin_claims`, 'has no effect beside enabled: false')
  })
  if (isAnybodyAdmin(settings) || !report.isGiven('admin')) return
  if (admin.enabled === undefined) report.warn('admin', 'has no effect without admin claims')
  else if (adminGrants(settings).length > 0) report.warn('admin', 'lets nobody in: there are no admin claims')
  else report.contradict(['admin', 'admin.claims', 'admin.jwt', 'jwt'], 'needs claims, and keys to verify tokens with')
}
