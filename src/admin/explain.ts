/**
 * `GET /admin/explain?url=…`: what would come of a request, and why. Fields of the request in question are told as
 * `X-Explain-…`, a token of its own as `X-Explain-Authorization`.
 */

import type { HeaderList } from '../base/types.ts'
import { canonicalAddress } from '../http/address-set.ts'
import type { ProxyRequest } from '../http/messages.ts'
import { hostName, splitTarget } from '../http/parse-request.ts'
import { readQuery, wrong } from './arguments.ts'
import { type AdminCall, only, page, type Resource, someBucket } from './call.ts'
import type { AdminPorts, ExplainedRequest } from './ports.ts'

export function explainResources({ explainer }: Pick<AdminPorts, 'explainer'>): readonly Resource[] {
  const run = async ({ request, administrator, note }: AdminCall) => {
    const explained = readExplained(request)
    const { method, host, path, address } = explained
    note({ method, host, path, address }) // without the query, where tokens may be
    const bucket = explainer.bucketAt(host, path)
    administrator.expectBuckets(bucket === undefined ? undefined : [bucket])
    return page(200, await explainer.explain(explained))
  }
  return [{ path: '/admin/explain', expect: someBucket, actions: only('GET', 'explain', run) }]
}

function readExplained(request: ProxyRequest): ExplainedRequest {
  const { url, address = request.clientAddress, method = 'GET' } = readQuery(request, ['url', 'address', 'method'])
  if (url === undefined) throw wrong('url', 'is missing')
  if (method !== 'GET' && method !== 'HEAD') throw wrong('method', 'must be GET or HEAD')
  const headers = explainedFields(request.headers)
  // As a parser hands it on: one character a byte.
  const target = splitTarget(method, Buffer.from(url).toString('latin1'))
  if (target === undefined) throw wrong('url', 'must be a path or an http URL')
  const host = target.authority === undefined ? request.host : hostName(target.authority)
  if (host === undefined) throw wrong('url', 'must name a valid host')
  const client = canonicalAddress(address)
  if (client === undefined) throw wrong('address', 'must be an IP address')
  return { method, host, path: target.path, query: target.query, headers, address: client }
}

const mark = 'x-explain-'

function explainedFields(headers: HeaderList): HeaderList {
  const explained: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]?.toLowerCase() ?? ''
    if (name.startsWith(mark) && name.length > mark.length)
      explained.push(name.slice(mark.length), headers[i + 1] ?? '')
  }
  return explained
}
