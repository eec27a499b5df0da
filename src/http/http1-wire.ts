/** A response as HTTP/1.1 has it: through node's ServerResponse, with as few writes as can be. */

import { OutgoingMessage, ServerResponse } from 'node:http'
import type { HeaderList } from '../base/types.ts'
import { bodyLength, declaredAt, mayTellLength } from './content-length.ts'
import { Joint } from './joint.ts'
import type { ProxyResponse } from './messages.ts'
import type { Wire } from './send-response.ts'
import { takenByKernel } from './stall-watch.ts'
import { transportOf } from './transport.ts'

/** node joins a head to its first line; it does so in this place only, and the tests of blocks watch that it is there. */
const { _storeHeader: storeHead } = OutgoingMessage.prototype as unknown as {
  readonly _storeHeader: (this: ServerResponse, firstLine: string, fields: unknown) => void
}

/** A response of node's, with lines between the first one and the fields that node sees. */
export class Http1Response extends ServerResponse {
  lines = ''
  declare _header: string
  declare _headerSent: boolean

  _storeHeader(firstLine: string, fields: unknown): void {
    storeHead.call(this, firstLine + this.lines, fields)
  }

  /** Of the head that `writeHead` has made. */
  get headLength(): number {
    return this._header.length
  }

  /** That head, for whoever sends it: node will not. */
  takeHead(): string {
    this._headerSent = true
    return this._header
  }
}

export function createHttp1Wire(): Wire<Http1Response> {
  const joint = new Joint()
  return {
    writeHead(res, response) {
      writeHead(res, response, false)
    },
    writeWhole(res, response, isBodiless, bytes) {
      writeHead(res, response, isBodiless)
      if (bytes === undefined) res.end()
      else joint.end(res, bytes)
    },
    /** A response that waits behind others takes them down with it. */
    cut(res, size) {
      const { socket, httpVersion } = res.req
      // Where the end of the connection is that of the body, only a reset tells that it is not the end.
      if (size === undefined && httpVersion === '1.0') {
        transportOf(socket).resetAndDestroy()
        return
      }
      if (res.writableCorked > 0) res.uncork()
      socket.destroy()
    },
    isWaiting: (res) => res.writableLength > 0,
    isComplete: (res) => res.writableFinished,
    stallOf(res) {
      const { socket } = res.req
      return {
        isWaiting: () => socket.writableLength > 0,
        taken: () => takenByKernel(socket),
        cut: () => socket.destroy(),
      }
    },
  }
}

/** Content-Length is seen to here: added where it is missing and known. */
function writeHead(res: Http1Response, response: ProxyResponse, isBodiless: boolean): void {
  const { status, block, headers, body } = response
  const length = bodyLength(body, isBodiless)
  const declared = declaredAt(headers, length, isBodiless)
  // Of an attempt that failed, node would keep the phrase, and we the lines.
  res.statusMessage = ''
  res.lines = block?.lines ?? ''
  res.sendDate = block?.isDated !== true
  if (declared === -1 && length !== undefined && mayTellLength(response)) {
    res.writeHead(status, [...headers, 'Content-Length', `${length}`])
    return
  }
  // node would chunk for an HTTP/1.0 client that sends `TE: chunked`; RFC 9112 §6.1 forbids it. Without, the end of the connection is that of the body.
  if (length === undefined && res.req.httpVersion === '1.0') res.useChunkedEncodingByDefault = false
  // node takes any list of fields, but its types know only the one it may write to.
  res.writeHead(status, lengthLast(headers, declared) as string[])
}

/** Once node knows the length it decodes a Content-Disposition as UTF-8, which garbles other bytes; so the length goes last. */
function lengthLast(headers: HeaderList, declared: number): HeaderList {
  if (declared === -1) return headers
  for (let i = declared + 2; i < headers.length; i += 2) {
    const name = headers[i]
    if (name?.length === 19 && name.toLowerCase() === 'content-disposition') {
      return [...headers.toSpliced(declared, 2), ...headers.slice(declared, declared + 2)]
    }
  }
  return headers
}
