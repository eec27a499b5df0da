/** `GET` and `DELETE` of `/admin/limits/{scope}/{key}`: how one rate limit stands, and giving all of it back. */

import { ProxyError } from '../base/errors.ts'
import { canonicalAddress } from '../http/address-set.ts'
import type { LimitScope, Standing } from '../limits/rate-limiter.ts'
import { readQuery, wrong } from './arguments.ts'
import { type AdminCall, decodedRest, everything, only, page, type Resource } from './call.ts'
import type { AdminPorts } from './ports.ts'

type LimitPorts = Pick<AdminPorts, 'limits' | 'hasBucket'>

export function limitResources(ports: LimitPorts): readonly Resource[] {
  const look = only('GET', 'limit_look', (call) => answer(requireCount(call, ports), ports))
  const reset = only('DELETE', 'limit_reset', async (call) => {
    const count = requireCount(call, ports)
    await ports.limits.reset(count.scope, count.bucket, count.who)
    return answer(count, ports)
  })
  return [{ path: '/admin/limits/', expect: everything, actions: new Map([...look, ...reset]) }]
}

interface Count {
  readonly scope: LimitScope
  /** Empty: the proxy's own. */
  readonly bucket: string
  readonly who: string
}

/** By what the scope is called in a path, of the proxy and of a bucket. */
const scopes = new Map<string, { readonly own: LimitScope | undefined; readonly ofBucket: LimitScope }>([
  ['global', { own: 'global', ofBucket: 'bucket' }],
  ['per_ip', { own: 'per_ip', ofBucket: 'bucket_per_ip' }],
  ['per_user', { own: 'per_user', ofBucket: 'bucket_per_user' }],
  ['bucket', { own: undefined, ofBucket: 'bucket' }],
  ['bucket_per_ip', { own: undefined, ofBucket: 'bucket_per_ip' }],
  ['bucket_per_user', { own: undefined, ofBucket: 'bucket_per_user' }],
])

function requireCount({ request, rest, note }: AdminCall, { hasBucket }: LimitPorts): Count {
  const path = decodedRest(rest)
  const slash = path.indexOf('/')
  const name = slash === -1 ? path : path.slice(0, slash)
  const key = slash === -1 ? '' : path.slice(slash + 1)
  const query = readQuery(request, ['bucket'])
  // The total of a bucket has no other key than the bucket.
  const bucket = name === 'bucket' ? key : query.bucket
  note({ scope: name, key, ...(bucket !== undefined && { bucket }) })
  const scope = scopeOf(name, bucket)
  if (bucket !== undefined && !hasBucket(bucket)) throw new ProxyError('UnknownBucket', 'a limit of no known bucket')
  return { scope, bucket: bucket ?? '', who: whoOf(scope, key) }
}

function scopeOf(name: string, bucket: string | undefined): LimitScope {
  const known = scopes.get(name)
  if (known === undefined) throw new ProxyError('NoSuchLimit', 'a scope that is none', { detail: scopeNames })
  const scope = bucket === undefined ? known.own : known.ofBucket
  if (scope === undefined) throw wrong('bucket', `is needed in the query for ${name}`)
  return scope
}

const scopeNames = `scopes are ${[...scopes.keys()].join(', ')}`

function whoOf(scope: LimitScope, key: string): string {
  if (scope === 'global' || scope === 'bucket') return ''
  if (scope === 'per_user' || scope === 'bucket_per_user') return key
  const address = canonicalAddress(key)
  if (address === undefined) throw wrong('key', 'must be an IP address')
  return address
}

async function answer({ scope, bucket, who }: Count, { limits }: LimitPorts) {
  const standing = await limits.look(scope, bucket, who)
  if (standing === undefined) throw new ProxyError('NoSuchLimit', 'a limit that is not configured')
  return page(200, { scope, ...(bucket !== '' && { bucket }), key: who, ...rowOf(standing) })
}

function rowOf({ limit, remaining, resetSeconds }: Standing) {
  return { limit, remaining, reset_seconds: resetSeconds }
}
