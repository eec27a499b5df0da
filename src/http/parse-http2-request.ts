/** From the header section of an HTTP/2 stream to ProxyRequest, or to the reason why not (RFC 9113 §8.3). */

import { constants, type ServerHttp2Stream } from 'node:http2'
import { trimmed } from '../base/header-list.ts'
import type { Random } from '../base/random.ts'
import type { EpochMs, HeaderList, RequestId } from '../base/types.ts'
import { http2Wire } from './http2-wire.ts'
import type { ProxyRequest } from './messages.ts'
import { goneSignal, hostName, type RequestLimits, requestId, splitTarget, type Target } from './parse-request.ts'
import { Refusal } from './refusal.ts'
import { type BodyPorts, readBody } from './request-body.ts'

export interface Http2Limits extends RequestLimits {
  readonly maxHeaderBytes: number
}

export interface StreamArrival {
  readonly stream: ServerHttp2Stream
  readonly fields: RequestFields
  /** Nothing follows the header section. */
  readonly isWhole: boolean
  readonly bodies: BodyPorts
  readonly clientAddress: string
  readonly receivedAt: EpochMs
}

/** A header section taken apart: pseudo-header fields on one side, all others on the other. */
export class RequestFields {
  /** As they were sent, without pseudo-header fields. */
  readonly list: HeaderList
  /** Of names and values together. */
  readonly bytes: number
  readonly #values = new Map<string, string>()
  readonly #pseudo = new Map<string, string>()

  /**
   * `section`: flat, as node gives it. nghttp2 has refused what pseudo-header fields may not be, and dropped, as though they
   * had not been sent, fields with control characters in them.
   */
  constructor(section: readonly string[]) {
    const list: string[] = []
    let bytes = 0
    for (let i = 0; i < section.length; i += 2) {
      const name = section[i] ?? ''
      const value = trimmed(section[i + 1] ?? '')
      bytes += name.length + value.length
      if (name.startsWith(':')) {
        this.#pseudo.set(name, value)
        continue
      }
      list.push(name, value)
      const before = this.#values.get(name)
      this.#values.set(name, before === undefined ? value : `${before}${separatorOf(name)}${value}`)
    }
    this.list = list
    this.bytes = bytes
  }

  /** Several lines are joined. */
  value(name: string): string | undefined {
    return this.#values.get(name)
  }

  /** `name`: with its colon. */
  pseudo(name: `:${string}`): string | undefined {
    return this.#pseudo.get(name)
  }
}

/** §8.2.3: crumbs of a Cookie are one again "using the two-octet delimiter of 0x3B, 0x20". */
const separatorOf = (name: string) => (name === 'cookie' ? '; ' : ', ')

/** What nghttp2 lets pass is judged here, by the rules that hold for HTTP/1.1 as far as they fit. */
export function parseStream(arrival: StreamArrival, limits: Http2Limits, random: Random): StreamRequest | Refusal {
  const { fields } = arrival
  const method = fields.pseudo(':method') ?? ''
  if (method === 'CONNECT') return new Refusal('connect', 'MethodNotAllowed', 'no tunnels here')
  if (fields.bytes > limits.maxHeaderBytes)
    return new Refusal('header-too-large', 'HeadersTooLarge', 'head over the bound')
  const path = fields.pseudo(':path') ?? ''
  if (path.length > limits.maxUriLength) return new Refusal('uri-too-long', 'UriTooLong', 'target over the bound')
  const target =
    visible.test(path) && webScheme.test(fields.pseudo(':scheme') ?? '') ? splitTarget(method, path) : undefined
  if (target === undefined || target.authority !== undefined) {
    return new Refusal('bad-target', 'InvalidRequest', 'request target in no known form')
  }
  const host = hostOf(fields)
  if (host === undefined) return new Refusal('bad-host', 'InvalidRequest', 'no valid authority')
  const length = fields.value('content-length')
  const hasBody = length === undefined ? !arrival.isWhole : Number(length) > limits.maxRequestBodyBytes
  return new StreamRequest(arrival, target, host, hasBody, requestId(fields.value('x-correlation-id'), random))
}

/** As node's parser of HTTP/1.1 has it; nghttp2 lets bytes above 0x7f pass too. */
const visible = /^[!-~]*$/
const webScheme = /^https?$/

/**
 * §8.3.1: Host stands in for an absent `:authority`; beside one "that identifies a different entity" the request is
 * malformed. Several lines of it arrive here joined by a comma, which no host holds.
 */
function hostOf(fields: RequestFields): string | undefined {
  const authority = fields.pseudo(':authority')
  const field = fields.value('host')
  const named = authority ?? field
  const host = named === undefined ? undefined : hostName(named)
  if (host === undefined || authority === undefined || field === undefined) return host
  return hostName(field) === host ? host : undefined
}

export class StreamRequest implements ProxyRequest {
  readonly id: RequestId
  readonly method: string
  readonly host: string
  readonly path: string
  readonly query: string
  readonly clientAddress: string
  readonly receivedAt: EpochMs
  readonly hasBody: boolean
  readonly #arrival: StreamArrival
  #signal: AbortSignal | undefined

  constructor(arrival: StreamArrival, target: Target, host: string, hasBody: boolean, id: RequestId) {
    this.id = id
    this.method = arrival.fields.pseudo(':method') ?? ''
    this.host = host
    this.path = target.path
    this.query = target.query
    this.clientAddress = arrival.clientAddress
    this.receivedAt = arrival.receivedAt
    this.hasBody = hasBody
    this.#arrival = arrival
  }

  get headers(): HeaderList {
    return this.#arrival.fields.list
  }

  header(name: string): string | undefined {
    return this.#arrival.fields.value(name)
  }

  get signal(): AbortSignal {
    const { stream } = this.#arrival
    this.#signal ??= goneSignal(stream, () => http2Wire.isComplete(stream))
    return this.#signal
  }

  readBody(maxBytes: number): Promise<Uint8Array> {
    const { stream, fields, isWhole, bodies } = this.#arrival
    if (isWhole) return Promise.resolve(new Uint8Array(0))
    const length = fields.value('content-length')
    const isWaiting = /^100-continue$/i.test(fields.value('expect') ?? '')
    const source = {
      stream,
      length: length === undefined ? undefined : Number(length),
      signal: this.signal,
      isWhole: () => !stream.aborted && stream.rstCode === 0,
      invite: () => {
        if (isWaiting) stream.additionalHeaders({ ':status': constants.HTTP_STATUS_CONTINUE })
      },
      watch: () => () => {}, // nghttp2 resets the stream of a body that is none
      giveUp: () => {
        stream.resume()
        // Else node waits for the end of what somebody has begun to read. §8.1: "without error […] after sending a
        // complete response".
        stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR))
      },
    }
    return readBody(source, maxBytes, bodies)
  }
}
