/** The origin behind bench/audit-load.ts: small objects, and those that S3 would refuse in one way or another. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

export const bodyBytes = 1024
export const objectEtag = '"the-same-for-all"'

const body = Buffer.alloc(bodyBytes, 'x')
/** By the first part of the key: what is refused, and how. */
const refusals: Readonly<Record<string, readonly [status: number, code: string]>> = {
  absent: [404, 'NoSuchKey'],
  denied: [403, 'AccessDenied'],
  broken: [403, 'SignatureDoesNotMatch'],
}

export function createAuditOrigin(): Server {
  const server = createServer(answer)
  server.keepAliveTimeout = 3_600_000 // a pooled connection must not be closed under a proxy that is about to use it
  return server
}

function answer({ url = '', method, headers }: IncomingMessage, response: ServerResponse): void {
  const kind = url.split('/')[2] ?? ''
  const refusal = refusals[kind]
  if (refusal !== undefined) return void refuse(response, method, ...refusal)
  const cacheControl = `max-age=${kind === 'brief' ? 1 : 3600}`
  const fields = { ETag: objectEtag, 'Cache-Control': cacheControl, 'Accept-Ranges': 'bytes' }
  if (headers['if-none-match'] === objectEtag) return void response.writeHead(304, fields).end()
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '')
  if (range === null) return void response.writeHead(200, { ...fields, 'Content-Length': bodyBytes }).end(body)
  const [, first, last] = range
  const [from, to] = [Number(first), last === '' ? bodyBytes : Math.min(bodyBytes, Number(last) + 1)]
  if (from >= bodyBytes) return void refuse(response, method, 416, 'InvalidRange')
  const content = { 'Content-Range': `bytes ${from}-${to - 1}/${bodyBytes}`, 'Content-Length': to - from }
  response.writeHead(206, { ...fields, ...content }).end(body.subarray(from, to))
}

function refuse(response: ServerResponse, method: string | undefined, status: number, code: string): void {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`
  response.writeHead(status, { 'Content-Type': 'application/xml', 'Content-Length': text.length })
  response.end(method === 'HEAD' ? undefined : text)
}
