/** An S3 server that keeps its own count of what it is asked and sends. What an object is, its key says. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { Clock } from '../../../src/base/clock.ts'
import type { Tally } from './tally.ts'

/** `kind-number-size`. */
export function sizeOf(key: string): number {
  return Number(key.split('-')[2] ?? 0)
}

export function etagOf(key: string): string {
  return `"${key}"`
}

const cacheControl: Readonly<Record<string, string>> = { check: 'no-cache', pass: 'no-store' }
const failures: Readonly<Record<string, readonly [status: number, code: string]>> = {
  gone: [404, 'NoSuchKey'],
  denied: [403, 'AccessDenied'],
  fail: [500, 'InternalError'],
}

/** Resolves with its address. Its buckets are called as those of the proxy are. */
export async function startTalliedOrigin(t: TestContext, tally: Tally, clock: Clock): Promise<string> {
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const [, bucket = '', key = ''] = (request.url ?? '').split('/')
    response.setHeader('Date', new Date(clock.now()).toUTCString())
    const body = answer(key, request, response)
    tally.add('origin_requests_total', { bucket, replica: '', status: response.statusCode })
    tally.add('origin_request_duration_seconds_count', { bucket })
    tally.add('origin_bytes_total', { bucket }, request.method === 'HEAD' ? 0 : body.length)
    response.setHeader('Content-Length', response.statusCode === 304 ? 0 : body.length)
    response.end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function answer(key: string, { headers }: IncomingMessage, response: ServerResponse): Buffer {
  const [kind = ''] = key.split('-')
  const failure = failures[kind]
  if (failure !== undefined) {
    response.statusCode = failure[0]
    response.setHeader('Content-Type', 'application/xml')
    return Buffer.from(`<Error><Code>${failure[1]}</Code></Error>`)
  }
  response.setHeader('ETag', etagOf(key))
  response.setHeader('Cache-Control', cacheControl[kind] ?? 'max-age=3600')
  if (headers['if-none-match'] === etagOf(key)) {
    response.statusCode = 304
    return Buffer.alloc(0)
  }
  const size = sizeOf(key)
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? []
  if (first === undefined) return Buffer.alloc(size, 'c')
  const end = Math.min(size, last === '' ? size : Number(last) + 1)
  response.statusCode = 206
  response.setHeader('Content-Range', `bytes ${first}-${end - 1}/${size}`)
  return Buffer.alloc(end - Number(first), 'c')
}
