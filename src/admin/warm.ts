/** `POST /admin/cache/warm` orders a job; `GET` and `DELETE` of `/admin/cache/warm/{id}` look at it and call it off. */

import { ProxyError } from '../base/errors.ts'
import { decodePath } from '../routing/routes.ts'
import type { WarmJob, WarmOrder } from '../warming/warm-jobs.ts'
import { listAt, numberAt, objectAt, readJson, readQuery, textAt, wrong } from './arguments.ts'
import { type AdminCall, decodedRest, only, page, type Resource, someBucket, timeOf } from './call.ts'
import type { AdminPorts } from './ports.ts'

type WarmPorts = Pick<AdminPorts, 'warming' | 'hasBucket'>

export function warmResources(ports: WarmPorts): readonly Resource[] {
  const { warming } = ports
  return [
    {
      path: '/admin/cache/warm',
      expect: someBucket,
      actions: only('POST', 'warm', (call) => orderJob(call, ports)),
    },
    {
      path: '/admin/cache/warm/',
      expect: someBucket,
      actions: new Map([
        ...only('GET', 'warm_status', async (call) => page(200, rowOf(requireJob(call, warming)))),
        ...only('DELETE', 'warm_cancel', async (call) => {
          const { id } = requireJob(call, warming)
          return page(200, rowOf(warming.cancel(id) ?? noSuchJob()))
        }),
      ]),
    },
  ]
}

async function orderJob({ request, administrator, note }: AdminCall, { warming, hasBucket }: WarmPorts) {
  readQuery(request, [])
  const order = readOrder(await readJson(request))
  const { bucket, keys, limit } = order
  note({ bucket, ...('list' in keys ? { keys: keys.list.length } : keys), ...(limit !== undefined && { limit }) })
  administrator.expectBuckets([bucket])
  if (!hasBucket(bucket)) throw new ProxyError('UnknownBucket', 'warming a bucket that is not in the config')
  const job = warming.start(order)
  return page(202, rowOf(job), ['Location', `/admin/cache/warm/${encodeURIComponent(job.id)}`])
}

function readOrder(value: unknown): WarmOrder {
  const body = objectAt(value ?? {}, '', ['bucket', 'prefix', 'keys', 'limit'])
  const bucket = textAt(body['bucket'], 'bucket')
  const limit = body['limit'] === undefined ? undefined : numberAt(body['limit'], 'limit')
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0))
    throw wrong('limit', 'must be a whole number over 0')
  const { prefix, keys } = body
  if ((prefix === undefined) === (keys === undefined)) {
    throw wrong('', 'the body must have either a prefix (which may be empty) or keys')
  }
  if (prefix !== undefined) return { bucket, keys: { prefix: textAt(prefix, 'prefix') }, limit }
  return { bucket, keys: { list: listAt(keys, 'keys').map((key, index) => readKey(key, `keys[${index}]`)) }, limit }
}

function readKey(value: unknown, place: string): string {
  const key = textAt(value, place)
  if (key === '') throw wrong(place, 'must not be empty')
  try {
    decodePath(`/${encodeURIComponent(key)}`)
  } catch {
    throw wrong(place, 'is a key that no request can name') // translated: it is refused here, not in a path
  }
  return key
}

/** Jobs of other people's buckets are none: whoever may not see them does not learn that they are there. */
function requireJob({ request, rest, administrator, note }: AdminCall, warming: AdminPorts['warming']): WarmJob {
  const id = decodedRest(rest)
  note({ id })
  readQuery(request, [])
  const job = warming.get(id)
  return job !== undefined && administrator.may(job.bucket) ? job : noSuchJob()
}

function noSuchJob(): never {
  throw new ProxyError('NoSuchJob', 'a job that is not there')
}

function rowOf(job: WarmJob) {
  return {
    id: job.id,
    bucket: job.bucket,
    state: job.state,
    started: timeOf(job.startedAt),
    ended: timeOf(job.endedAt),
    found: job.found,
    listed: job.isListed,
    fetched: job.fetched,
    skipped: job.skipped,
    missing: job.missing,
    failed: job.failed,
    bytes: job.bytes,
    last_error: job.lastError ?? null,
  }
}
