/** The administration: what it may do to the rest of the proxy, and who may have it done. */

import { createAdmin, isAdminPath } from '../admin/admin.ts'
import type { AdminPorts, AdminAccess as Gates, ReloadReply } from '../admin/ports.ts'
import type { Webhooks } from '../audit/webhook.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Trace } from '../base/trace.ts'
import type { PurgeLog } from '../cache/purge-log.ts'
import type { RecordStore } from '../cache/tiered-store.ts'
import type { AdminConfig, Config } from '../config/config.ts'
import type { ProxyRequest, ProxyResponse } from '../http/messages.ts'
import { Inventory } from '../objects/inventory.ts'
import { Purger } from '../objects/purger.ts'
import type { RunTable } from '../objects/run-table.ts'
import type { UncacheableMemory } from '../objects/uncacheable-memory.ts'
import { CacheStatsReader } from '../observe/cache-stats.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Savings } from '../observe/savings.ts'
import { createExplain } from '../pipeline/explain.ts'
import { internalRequest } from '../pipeline/internal-request.ts'
import type { Route } from '../pipeline/route.ts'
import { isOwnPath } from '../pipeline/system-endpoints.ts'
import { decodePath, RouteTable } from '../routing/routes.ts'
import type { Admissions } from './admission.ts'

export interface AdministrationParts {
  readonly clock: Clock
  readonly random: Random
  readonly metrics: Metrics
  readonly savings: Savings
  readonly store: RecordStore
  readonly purges: Pick<PurgeLog, 'looked'>
  readonly runs: RunTable
  readonly uncacheable: UncacheableMemory
  readonly routes: readonly Route[]
  readonly admissions: Admissions
  readonly warming: AdminPorts['warming']
  readonly webhooks: Webhooks
  /** The effective config as JSON, without secrets. */
  config(): unknown
  status(): Promise<unknown>
  /** The config file is read again. */
  reload(): Promise<ReloadReply>
}

/** Undefined: the request is none of the administration's. */
export type Administer = (request: ProxyRequest, trace: Trace) => Promise<ProxyResponse> | undefined

export function createAdministration(
  { buckets }: Pick<Config, 'buckets'>,
  { access }: AdminConfig,
  parts: AdministrationParts,
): Administer {
  const { clock, random, metrics, savings, store, purges, runs, uncacheable, admissions, routes, webhooks } = parts
  const names = buckets.map(({ name }) => name)
  const inventory = new Inventory(store, new Map(routes.map(({ name, site }) => [name, site])))
  const stats = new CacheStatsReader(metrics, savings, () => store.usage())
  const table = new RouteTable(routes)
  const explain = createExplain({ routes: table, isOwn: isOwnPath, store, uncacheable, clock })
  const gates: Gates = {
    everything: access.map((one) => admissions.gate(one)),
    buckets: new Map(buckets.flatMap(({ name, admin }) => (admin ? [[name, [admissions.gate(admin)]] as const] : []))),
  }
  const admin = createAdmin({
    ...{ clock, access: gates, inventory, warming: parts.warming, limits: admissions.desk },
    config: parts.config,
    status: parts.status,
    reload: parts.reload,
    hasBucket: (name) => names.includes(name),
    purger: told(new Purger({ store, runs, inventory, clock, looked: () => purges.looked }), metrics, webhooks),
    stats: (bucket) => stats.read(bucket === undefined ? names : [bucket]),
    explainer: {
      bucketAt: (host, path) => table.match(host, decodePath(path))?.route.name,
      explain: ({ address: clientAddress, ...asked }) => {
        const ask = { ...asked, clientAddress, id: random.requestId(), receivedAt: clock.now() }
        return explain(internalRequest({ ...ask, signal: new AbortController().signal }))
      },
    },
  })
  return (request, trace) => (isAdminPath(request.path) ? admin(request, trace) : undefined)
}

/** What is purged is counted, and told to those who want to hear of it. */
function told(purger: Purger, metrics: Metrics, webhooks: Webhooks): AdminPorts['purger'] {
  return {
    async purge(scopes, kind) {
      for (const scope of scopes) metrics.cachePurges.cell(scope.kind).add(1)
      const purged = await purger.purge(scopes, kind)
      webhooks.emit('purge', { scopes, kind, entries: purged.entries, bytes: purged.bytes })
      return purged
    },
    count: (scopes) => purger.count(scopes),
    async where(scope, matches, kind) {
      if (kind === undefined) return purger.where(scope, matches, kind)
      metrics.cachePurges.cell('filter').add(1)
      const purged = await purger.where(scope, matches, kind)
      webhooks.emit('purge', { scopes: [{ kind: 'filter' }], kind, entries: purged.entries, bytes: purged.bytes })
      return purged
    },
  }
}
