/** As much of S3 as the contract of origins asks about, over node:http. */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { OriginFixture } from './origin.contract.ts'

export interface PlainS3 {
  readonly endpoint: string
  readonly put: OriginFixture['put']
}

/** Ends with the test. */
export async function startPlainS3(t: TestContext): Promise<PlainS3> {
  const objects = new Map<string, Stored>()
  const server = createServer((request, response) => answerAsS3(objects, request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const put = async (key: string, bytes: Uint8Array) => {
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`
    objects.set(key, { bytes, etag })
    return etag
  }
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, put }
}

interface Stored {
  readonly bytes: Uint8Array
  readonly etag: string
}

function answerAsS3(objects: ReadonlyMap<string, Stored>, request: IncomingMessage, response: ServerResponse): void {
  const found = objects.get(decodeURIComponent((request.url ?? '').slice('/bucket/'.length)))
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch, range } = request.headers
  if (found === undefined) refuse(response, 404, 'NoSuchKey')
  else if (ifMatch !== undefined && ifMatch !== found.etag) refuse(response, 412, 'PreconditionFailed')
  else if (ifNoneMatch === found.etag) response.writeHead(304).end()
  else if (range === undefined) send(response, found, 200, found.bytes)
  else sendRange(response, found, range)
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'Content-Type': 'application/xml', 'x-amz-request-id': '1' })
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`)
}

function sendRange(response: ServerResponse, found: Stored, range: string): void {
  const size = found.bytes.length
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? []
  const start = from === '' ? size - Number(to) : Number(from)
  const end = from === '' || to === '' ? size : Math.min(size, Number(to) + 1)
  if (start >= size) refuse(response, 416, 'InvalidRange')
  else send(response, found, 206, found.bytes.subarray(start, end), `bytes ${start}-${end - 1}/${size}`)
}

/** node:http leaves the body out where the request was HEAD. */
function send(response: ServerResponse, { etag }: Stored, status: number, bytes: Uint8Array, place?: string): void {
  const fields = { ETag: etag, 'Content-Length': bytes.length }
  response.writeHead(status, place === undefined ? fields : { ...fields, 'Content-Range': place })
  response.end(bytes)
}
