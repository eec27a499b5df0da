/**
 * The S3-like origin every server under test stands in front of; run as a process of its own: `origin.ts [PORT
 * [LATENCY_MS]]`, the time it takes before each head. Signatures are not looked at. `/stats` tells how many object requests came and how many body bytes went out.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BenchObject, fillContent, parseObjectName } from './object-content.ts'

interface Span {
  readonly start: number
  readonly end: number
}

/** Large bodies are made in pieces of this size, so that a 2 GB object costs no memory. */
const pieceBytes = 256 * 1024
const lastModified = 'Wed, 01 Jan 2025 00:00:00 GMT'
const latencyMs = Number(process.argv[3] ?? 0)
const stats = { requests: 0, bytes: 0 }

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
  if (path === '/stats') {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(stats))
    return
  }
  stats.requests += 1
  if (latencyMs > 0) await sleep(latencyMs)
  const object = path.startsWith('/bucket/') ? parseObjectName(path.slice('/bucket/'.length)) : undefined
  if (object === undefined) return sendError(response, 404, 'NoSuchKey')

  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch, range } = request.headers
  if (ifMatch !== undefined && ifMatch !== object.etag) return sendError(response, 412, 'PreconditionFailed')
  if (ifNoneMatch === object.etag) {
    response.writeHead(304, objectHeaders(object)).end()
    return
  }
  const span = parseRange(range, object.size)
  if (span === 'unsatisfiable') return sendError(response, 416, 'InvalidRange')

  response.writeHead(span === undefined ? 200 : 206, [...objectHeaders(object), ...spanHeaders(object, span)])
  if (request.method === 'HEAD') response.end()
  else await sendBytes(response, object, span ?? { start: 0, end: object.size })
}

function objectHeaders(object: BenchObject): string[] {
  return [
    'ETag',
    object.etag,
    'Last-Modified',
    lastModified,
    'Cache-Control',
    'max-age=3600',
    'Accept-Ranges',
    'bytes',
    'x-amz-request-id',
    'BENCH',
    'Server',
    'AmazonS3',
  ]
}

function spanHeaders(object: BenchObject, span: Span | undefined): string[] {
  const whole = ['Content-Type', 'application/octet-stream']
  if (span === undefined) return [...whole, 'Content-Length', String(object.size)]
  const contentRange = `bytes ${span.start}-${span.end - 1}/${object.size}`
  return [...whole, 'Content-Length', String(span.end - span.start), 'Content-Range', contentRange]
}

/** One range, in the three forms S3 takes; anything else is answered whole. */
function parseRange(range: string | undefined, size: number): Span | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(range ?? '')
  if (match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size }
  }
  const start = Number(first)
  if (start >= size) return 'unsatisfiable'
  if (last !== '' && Number(last) < start) return undefined
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) }
}

async function sendBytes(response: ServerResponse, object: BenchObject, span: Span): Promise<void> {
  for (let at = span.start; at < span.end; ) {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, span.end - at))
    fillContent(object, at, piece)
    at += piece.length
    stats.bytes += piece.length
    if (at >= span.end) {
      response.end(piece)
      return
    }
    if (!response.write(piece) && !(await drained(response))) return
  }
  response.end()
}

/** False when the reader left instead. */
function drained(response: ServerResponse): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false)
  return new Promise((resolve) => {
    const settle = (isDrained: boolean) => {
      response.off('drain', onDrain)
      response.off('close', onClose)
      resolve(isDrained)
    }
    const onDrain = () => settle(true)
    const onClose = () => settle(false)
    response.on('drain', onDrain)
    response.on('close', onClose)
  })
}

function sendError(response: ServerResponse, status: number, code: string): void {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`
  response.writeHead(status, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) }).end(body)
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
})
// Pooled connections must not be closed under a proxy that is about to use them: no run lasts this long.
server.keepAliveTimeout = 3_600_000
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ msg: 'listening', addresses: { main: `http://127.0.0.1:${port}` } })}\n`)
})
process.once('SIGTERM', () => process.exit(0))
