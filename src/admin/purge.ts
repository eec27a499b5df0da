/** `POST /admin/cache/purge…`: everything, a bucket, an object, a prefix, or what a filter selects. */

import type { JsonObject } from '../access/json-object.ts'
import { ProxyError } from '../base/errors.ts'
import type { Purge } from '../cache/purge.ts'
import { everything, type Scope } from '../cache/scope.ts'
import type { Purged } from '../cache/tiered-store.ts'
import type { ProxyRequest, ProxyResponse } from '../http/messages.ts'
import { factsOf, selects } from '../objects/entry-filter.ts'
import { decodePath } from '../routing/routes.ts'
import { booleanAt, objectAt, readJson, readQuery, wrong } from './arguments.ts'
import { type AdminCall, only, page, type Resource, someBucket } from './call.ts'
import { bucketsOf, objectScope, prefixScope, scopesOf } from './filter-scopes.ts'
import type { AdminPorts } from './ports.ts'
import { parseFilter } from './where.ts'

type PurgePorts = Pick<AdminPorts, 'purger' | 'hasBucket' | 'clock'>

interface Order {
  readonly kind: Purge['kind']
  readonly isDryRun: boolean
}

export function purgeResources(ports: PurgePorts): readonly Resource[] {
  return [
    {
      path: '/admin/cache/purge',
      expect: someBucket,
      actions: only('POST', 'purge', (call) => purgeSelected(call, ports)),
    },
    {
      path: '/admin/cache/purge/',
      expect: (administrator, rest) => administrator.expectBuckets([targetOf(rest).bucket]),
      actions: only('POST', 'purge', (call) => purgeTarget(call, ports)),
    },
  ]
}

async function purgeSelected(call: AdminCall, { purger, clock }: PurgePorts): Promise<ProxyResponse> {
  const kind = readKind(call.request)
  const body = await readJson(call.request)
  if (body === undefined) {
    call.note({ soft: kind === 'soft' })
    call.administrator.expectEverything()
    return answer(await purger.purge([everything], kind), { kind, isDryRun: false })
  }
  objectAt(body, '', ['where', 'dry_run'])
  const isDryRun = readDryRun(body)
  call.note({ where: body['where'], soft: kind === 'soft', dry_run: isDryRun })
  if (body['where'] === undefined) throw wrong('where', 'is missing')
  const filter = parseFilter(body['where'], 'where')
  const buckets = bucketsOf(filter)
  call.administrator.expectBuckets(buckets)
  const order = { kind, isDryRun }
  const scopes = scopesOf(filter)
  if (scopes !== undefined) return answer(await runScopes(scopes, order, purger), order)
  const now = clock.now()
  const matches = (entry: Parameters<typeof factsOf>[0]) => selects(filter, factsOf(entry, now))
  return answer(await purger.where(placeOf(buckets), matches, isDryRun ? undefined : kind), order)
}

/** The smallest scope that a filter is known to stay in. */
function placeOf(buckets: ReturnType<typeof bucketsOf>): Scope {
  const [bucket, another] = buckets ?? []
  return bucket === undefined || another !== undefined ? everything : { kind: 'bucket', bucket }
}

async function purgeTarget(call: AdminCall, { purger, hasBucket }: PurgePorts): Promise<ProxyResponse> {
  const { request, rest } = call
  const target = targetOf(rest)
  call.note({ ...target })
  const kind = readKind(request)
  const body = await readJson(request)
  const isDryRun = body !== undefined && readDryRun(objectAt(body, '', ['dry_run']))
  call.note({ soft: kind === 'soft', dry_run: isDryRun })
  if (!hasBucket(target.bucket)) throw new ProxyError('UnknownBucket', 'a purge of a bucket that is not in the config')
  const order = { kind, isDryRun }
  const purged = await runScopes([scopeOf(target)], order, purger)
  const response = answer(purged, order) // what cannot be promised is told first
  if (target.key !== undefined && purged.entries === 0 && purged.isPending !== true) {
    throw new ProxyError('NoSuchEntry', 'a purge of an object that is not in the cache')
  }
  return response
}

interface Target {
  readonly bucket: string
  readonly key?: string
  readonly prefix?: string
}

/** A `*` at the very end makes a prefix of what is before it, as it was sent: `%2A` is a star in a key. Throws `InvalidPath`. */
function targetOf(rest: string): Target {
  const path = decodePath(`/${rest}`)
  const slash = path.indexOf('/', 1)
  if (slash === -1) return { bucket: path.slice(1) }
  const bucket = path.slice(1, slash)
  return rest.endsWith('*') ? { bucket, prefix: path.slice(slash + 1, -1) } : { bucket, key: path.slice(slash + 1) }
}

function scopeOf({ bucket, key, prefix }: Target): Scope {
  if (key !== undefined) return objectScope(bucket, key)
  return prefix === undefined ? { kind: 'bucket', bucket } : prefixScope(bucket, prefix)
}

function runScopes(scopes: readonly Scope[], { kind, isDryRun }: Order, purger: PurgePorts['purger']): Promise<Purged> {
  return isDryRun ? purger.count(scopes) : purger.purge(scopes, kind)
}

function readKind(request: ProxyRequest): Purge['kind'] {
  const { soft } = readQuery(request, ['soft'])
  if (soft !== undefined && soft !== 'true' && soft !== 'false') throw wrong('soft', 'must be true or false')
  return soft === 'true' ? 'soft' : 'hard'
}

function readDryRun(body: JsonObject): boolean {
  return body['dry_run'] !== undefined && booleanAt(body['dry_run'], 'dry_run')
}

function answer(purged: Purged, { kind, isDryRun }: Order): ProxyResponse {
  const { tiers, notKept } = purged
  if (notKept.length > 0 && !isDryRun) {
    const detail = `in force in this process; cannot be promised for: ${notKept.join(', ')}`
    throw new ProxyError('PurgeIncomplete', detail, { detail })
  }
  return page(200, {
    ...(isDryRun && { dry_run: true }),
    ...(kind === 'soft' && { soft: true }),
    purged: rowOf(purged),
    tiers: Object.fromEntries([...tiers].map(([tier, removed]) => [tier, rowOf(removed)])),
  })
}

function rowOf({ entries, bytes, isPending }: Pick<Purged, 'entries' | 'bytes' | 'isPending'>) {
  return isPending === true ? { entries, bytes, pending: true } : { entries, bytes }
}
