/** Rules between settings. Each runs on sound values only, so that one mistake is told once. */

import { checkMemoryBudget } from './memory-budget.ts'
import type { Report } from './problem.ts'
import { checkAccess } from './rules-access.ts'
import { checkAdmin } from './rules-admin.ts'
import { checkAudit } from './rules-audit.ts'
import { checkCache } from './rules-cache.ts'
import { checkLimits } from './rules-limits.ts'
import { checkListeners } from './rules-listeners.ts'
import { checkObservability } from './rules-observability.ts'
import { checkOrigin } from './rules-origin.ts'
import { checkRedis } from './rules-redis.ts'
import { checkServerTls } from './rules-tls.ts'
import { checkWarming } from './rules-warming.ts'
import { checkWebhooks } from './rules-webhooks.ts'
import { checkWorkers } from './rules-workers.ts'
import type { Settings } from './schema.ts'

type Bucket = Settings['buckets'][number]

export function checkRules(settings: Settings, report: Report): void {
  checkListeners(settings, report)
  checkServerTls(settings, report)
  checkClientAddress(settings, report)
  checkCache(settings, report)
  checkMemoryBudget(settings, report)
  checkWorkers(settings, report)
  checkLimits(settings, report)
  checkRedis(settings, report)
  checkAccess(settings, report)
  checkAdmin(settings, report)
  checkObservability(settings, report)
  checkAudit(settings, report)
  checkWebhooks(settings, report)
  checkWarming(settings, report)
  settings.buckets.forEach((bucket, index) => {
    const path = `buckets[${index}]`
    checkOrigin(bucket.s3, `${path}.s3`, settings.server.request_timeout_seconds, report)
    checkCors(bucket, path, report)
  })
  checkNames(settings.buckets, report)
  checkRoutes(settings.buckets, report)
}

function checkClientAddress({ server }: Settings, report: Report): void {
  server.trusted_proxies.forEach((block, index) => {
    if (!block.endsWith('/0')) return
    report.warn(`server.trusted_proxies[${index}]`, 'trusts every address, so that any client can claim any other')
  })
  if (server.client_address_from === 'proxy-protocol' && server.trusted_proxies.length === 0)
    report.warn('server.client_address_from', 'has no effect: trusted_proxies names nobody who may speak it')
}

function checkCors({ cors }: Bucket, path: string, report: Report): void {
  if (typeof cors !== 'object' || !cors.allow_credentials || !cors.allowed_origins.includes('*')) return
  const paths = [`${path}.cors.allow_credentials`, `${path}.cors.allowed_origins`] as const
  report.contradict([...paths], 'cannot be true while allowed_origins holds *')
}

function checkNames(buckets: readonly Bucket[], report: Report): void {
  const first = new Map<string, string>()
  buckets.forEach(({ name }, index) => {
    const path = `buckets[${index}].name`
    const earlier = first.get(name)
    if (earlier === undefined) first.set(name, path)
    else report.contradict([path, earlier], `repeats ${earlier}; it is the cache key, so each bucket needs its own`)
  })
}

function checkRoutes(buckets: readonly Bucket[], report: Report): void {
  const first = new Map<string, number>()
  buckets.forEach((bucket, index) => {
    for (const host of hostsOf(bucket)) {
      const route = `${host}${bucket.path_prefix}`
      const earlier = first.get(route) ?? index
      first.set(route, earlier)
      if (earlier === index) continue
      const [here, there] = [`buckets[${index}]`, `buckets[${earlier}]`] as const
      const forHost = host === '' ? '' : ` for host ${host}`
      report.contradict(
        [`${here}.path_prefix`, `${there}.path_prefix`, `${here}.hosts`, `${there}.hosts`],
        `repeats ${there}.path_prefix${forHost}`,
      )
      return
    }
  })
}

/** The hosts a bucket answers for, in one form; the empty one means any. */
function hostsOf(bucket: Bucket): ReadonlySet<string> {
  if (bucket.hosts.length === 0) return new Set([''])
  return new Set(bucket.hosts.map((host) => host.toLowerCase()).filter((host) => host !== ''))
}
