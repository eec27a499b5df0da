/** How the fake origin answers GET and HEAD for one object: conditions, ranges, holds and drops. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FakeObject, ObjectVersion } from './fake-object.ts'
import { blockBytes } from './synthetic-bytes.ts'

interface Span {
  readonly start: number
  readonly end: number
  readonly isPartial: boolean
}

export async function answerObject(
  object: FakeObject,
  request: IncomingMessage,
  response: ServerResponse,
  sent: (bytes: number) => void,
): Promise<void> {
  await object.passHead()
  const byHand = object.answersByHand
  if (byHand !== undefined) return await byHand(request, response)
  const error = object.takeError()
  if (error !== undefined) return sendS3Error(request, response, error.status, error.code, error.headers)
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return sendS3Error(request, response, 405, 'MethodNotAllowed')
  }
  const version = object.current
  const ifMatch = request.headers['if-match']
  if (ifMatch !== undefined && ifMatch !== version.etag) {
    return sendS3Error(request, response, 412, 'PreconditionFailed')
  }
  if (isNotModified(version, request)) {
    // RGW repeats neither validators nor freshness here.
    response.writeHead(304, { 'x-amz-request-id': 'tx-fake' }).end()
    return
  }
  const span = spanOf(request.headers.range, version.size)
  if (span === undefined) return sendS3Error(request, response, 416, 'InvalidRange')
  writeObjectHead(version, span, response)
  if (request.method === 'HEAD') response.end()
  else await sendBody(object, version, span, response, sent)
}

export function sendS3Error(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><RequestId>tx-fake</RequestId></Error>`
  response.writeHead(status, {
    'Content-Type': 'application/xml',
    'Content-Length': Buffer.byteLength(body),
    'x-amz-request-id': 'tx-fake',
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** If-None-Match wins over If-Modified-Since; lists and `*` match nothing, as on RGW. */
function isNotModified(version: ObjectVersion, request: IncomingMessage): boolean {
  const ifNoneMatch = request.headers['if-none-match']
  if (ifNoneMatch !== undefined) return ifNoneMatch === version.etag
  const since = Date.parse(request.headers['if-modified-since'] ?? '')
  return Date.parse(version.lastModified ?? '') <= since
}

/** One range is honoured, anything else is answered whole; undefined: outside the object. */
function spanOf(range: string | undefined, size: number): Span | undefined {
  const whole = { start: 0, end: size, isPartial: false }
  const match = /^bytes=(\d*)-(\d*)$/.exec(range ?? '')
  const [first, last] = [match?.[1] ?? '', match?.[2] ?? '']
  if (first === '' && last === '') return whole
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1)
  return start < end ? { start, end, isPartial: true } : undefined
}

function writeObjectHead(version: ObjectVersion, span: Span, response: ServerResponse): void {
  const fields = new Map<string, string | readonly string[]>([
    ['content-type', 'binary/octet-stream'],
    ['accept-ranges', 'bytes'],
    ['x-amz-request-id', 'tx-fake'],
  ])
  if (version.etag !== undefined) fields.set('etag', version.etag)
  if (version.lastModified !== undefined) fields.set('last-modified', version.lastModified)
  if (!version.isChunked) fields.set('content-length', String(span.end - span.start))
  if (span.isPartial) fields.set('content-range', `bytes ${span.start}-${span.end - 1}/${version.size}`)
  for (const [name, value] of Object.entries(version.headers)) fields.set(name.toLowerCase(), value)
  for (const [name, value] of fields) response.setHeader(name, value)
  response.writeHead(span.isPartial ? 206 : 200)
  // Sends the head now: a reader may wait for it while the body is held back. Not by flushHeaders, which encodes as UTF-8
  // what is one byte per character.
  response.write(Buffer.alloc(0))
}

async function sendBody(
  object: FakeObject,
  version: ObjectVersion,
  span: Span,
  response: ServerResponse,
  sent: (bytes: number) => void,
): Promise<void> {
  const dropsAt = object.takeDrop(span.start, span.end)
  const end = dropsAt ?? span.end
  const stops = object.holdsWithin(span.start, span.end).filter(({ offset }) => offset <= end)
  let at = span.start
  const sendUpTo = async (until: number) => {
    while (at < until && !response.destroyed) {
      const chunk = version.bytes(at, Math.min(until, at + blockBytes - (at % blockBytes)))
      at += chunk.byteLength
      sent(chunk.byteLength)
      if (!response.write(chunk)) await drained(response)
    }
  }
  for (const { offset, barrier } of stops) {
    await sendUpTo(offset)
    await barrier.arrive()
  }
  await sendUpTo(end)
  if (dropsAt === undefined) response.end()
  else await dropAfterFlush(response)
}

/** Returns too when the reader has left. */
async function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return
  const settled = new AbortController()
  const { signal } = settled
  const events = ['drain', 'close'].map((event) => once(response, event, { signal }).catch(() => undefined))
  await Promise.race(events)
  settled.abort()
}

/** What was written reaches the reader before the connection breaks. */
async function dropAfterFlush(response: ServerResponse): Promise<void> {
  const { socket } = response
  if (socket === null || socket.destroyed) return
  await new Promise<void>((resolve) => socket.write('', () => resolve()))
  socket.destroy()
}
