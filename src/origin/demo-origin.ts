/**
 * The embedded S3-compatible origin of the quick start: buckets of fixed objects, path style, loopback only. Requests must
 * carry an Authorization, but what it says is not checked.
 */
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { formatHttpDate, parseHttpDate } from '../base/http-date.ts'
import { element, type ListedObject, listObjects } from './demo-listing.ts'
import type { DemoObject } from './demo-objects.ts'

export interface DemoOrigin {
  readonly endpoint: string
  close(): Promise<void>
}

interface StoredObject extends ListedObject, DemoObject {}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | number>>
  readonly body?: Uint8Array | string
}

interface Span {
  readonly start: number
  readonly end: number
}

/** Fixed, so that conditional requests hold across restarts. */
const lastModified = new Date('2026-01-01T00:00:00Z')

export type DemoBuckets = Readonly<Record<string, readonly DemoObject[]>>

type Buckets = ReadonlyMap<string, ReadonlyMap<string, StoredObject>>

export async function startDemoOrigin(buckets: DemoBuckets): Promise<DemoOrigin> {
  const stored: Buckets = new Map(
    Object.entries(buckets).map(([name, objects]) => [
      name,
      new Map(objects.map((object) => [object.key, store(object)])),
    ]),
  )
  const server = createServer((request, response) => {
    request.resume()
    const { status, headers, body } = answer(stored, request)
    response.writeHead(status, { ...headers, 'x-amz-request-id': randomUUID(), Server: 'YatagarasuDemo' })
    response.end(request.method === 'HEAD' ? undefined : body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function store(object: DemoObject): StoredObject {
  const etag = `"${createHash('md5').update(object.bytes).digest('hex')}"`
  return { ...object, etag, lastModified, size: object.bytes.byteLength }
}

function answer(buckets: Buckets, request: IncomingMessage): Answer {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405, 'MethodNotAllowed')
  if (request.headers.authorization === undefined) return refusal(403, 'AccessDenied')
  const target = readTarget(request.url ?? '')
  if (target === undefined) return refusal(400, 'InvalidURI')
  const stored = buckets.get(target.bucket)
  if (stored === undefined) return refusal(404, 'NoSuchBucket')
  if (target.key === '') return xml(200, listObjects(target.bucket, stored.values(), target.query))
  const object = stored.get(target.key)
  return object === undefined ? refusal(404, 'NoSuchKey') : answerObject(object, request.headers)
}

/** Path style: `/bucket/key`. */
function readTarget(url: string): { bucket: string; key: string; query: URLSearchParams } | undefined {
  const [path = '', query = ''] = url.split('?', 2)
  const [, name = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? []
  try {
    return { bucket: decodeURIComponent(name), key: decodeURIComponent(key), query: new URLSearchParams(query) }
  } catch {
    return undefined // not valid percent-encoded UTF-8; told to the client as 400
  }
}

function answerObject(object: StoredObject, conditions: IncomingMessage['headers']): Answer {
  const validators = { ETag: object.etag, 'Last-Modified': formatHttpDate(object.lastModified.getTime()) }
  const failed = failedCondition(object, conditions)
  if (failed === 412) return refusal(412, 'PreconditionFailed')
  if (failed === 304) return { status: 304, headers: validators }
  const span = readRange(conditions.range, object.size)
  if (span === 'unsatisfiable') return refusal(416, 'InvalidRange')
  const { start, end } = span ?? { start: 0, end: object.size }
  return {
    status: span === undefined ? 200 : 206,
    headers: {
      ...validators,
      ...(span !== undefined && { 'Content-Range': `bytes ${start}-${end - 1}/${object.size}` }),
      'Accept-Ranges': 'bytes',
      'Content-Type': object.contentType,
      'Content-Length': end - start,
    },
    body: object.bytes.subarray(start, end),
  }
}

/** In the order of RFC 9110 §13.2.2: a tag, where there is one, decides over a date. What is no date is no condition. */
function failedCondition(object: StoredObject, headers: IncomingMessage['headers']): 304 | 412 | undefined {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers
  const [since, unmodifiedSince] = [headers['if-modified-since'], headers['if-unmodified-since']]
  const changedAt = object.lastModified.getTime()
  if (
    ifMatch === undefined
      ? changedAt > (parseHttpDate(unmodifiedSince, changedAt) ?? changedAt)
      : !names(ifMatch, object.etag)
  )
    return 412
  const isUnchanged =
    ifNoneMatch === undefined ? changedAt <= (parseHttpDate(since, changedAt) ?? 0) : names(ifNoneMatch, object.etag)
  return isUnchanged ? 304 : undefined
}

function names(list: string, etag: string): boolean {
  return list.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
}

/** One range; anything else is answered whole. */
function readRange(range: string | undefined, size: number): Span | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? []
  if (first === '' && last === '') return undefined
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  return start < end ? { start, end } : 'unsatisfiable'
}

function refusal(status: number, code: string): Answer {
  const error = `<Error>${element('Code', code)}${element('Message', code)}</Error>`
  return xml(status, `<?xml version="1.0" encoding="UTF-8"?>\n${error}`)
}

function xml(status: number, body: string): Answer {
  return { status, headers: { 'Content-Type': 'application/xml', 'Content-Length': Buffer.byteLength(body) }, body }
}
