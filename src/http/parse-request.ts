/** From node's IncomingMessage to ProxyRequest, or to the reason why not. Keys are decoded elsewhere: paths stay raw. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { Abandoned, type ProxyError } from '../base/errors.ts'
import { fieldValue } from '../base/header-list.ts'
import type { Random } from '../base/random.ts'
import type { EpochMs, HeaderList, RequestId } from '../base/types.ts'
import type { ProxyRequest } from './messages.ts'
import { Refusal } from './refusal.ts'
import { type BodyPorts, readBody } from './request-body.ts'

export interface RequestLimits {
  readonly maxUriLength: number
  readonly maxRequestBodyBytes: number
}

export interface Arrival {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  readonly line: BodyLine
  readonly bodies: BodyPorts
  readonly clientAddress: string
  readonly receivedAt: EpochMs
}

/** The connection a body comes on. */
export interface BodyLine {
  /** `told`: called when what comes is no body. The returned function ends the watch. */
  watchBody(message: IncomingMessage, told: (error: ProxyError) => void): () => void
  /** The answer about to be sent is the last one, although the client has more to say. */
  closeLingering(response: ServerResponse): void
}

/** What node's parser lets pass is judged here: the length of the target, its form, Host, and unknown transfer codings. */
export function parseRequest(arrival: Arrival, limits: RequestLimits, random: Random): ClientRequest | Refusal {
  const { url = '', method = '', headers, httpVersion } = arrival.message
  if (url.length > limits.maxUriLength) return new Refusal('uri-too-long', 'UriTooLong', 'target over the bound')
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    return new Refusal('bad-syntax', 'InvalidRequest', `HTTP version ${httpVersion}`)
  }
  const coding = headers['transfer-encoding']
  if (coding !== undefined && (httpVersion === '1.0' || coding.toLowerCase() !== 'chunked')) {
    return new Refusal('smuggling', 'InvalidRequest', 'a transfer coding other than chunked')
  }
  const target = splitTarget(method, url)
  if (target === undefined) return new Refusal('bad-target', 'InvalidRequest', 'request target in no known form')
  const host = hostOf(target, headers.host, httpVersion)
  if (host === undefined) return new Refusal('bad-host', 'InvalidRequest', 'no valid Host')
  const hasBody = coding !== undefined || Number(headers['content-length'] ?? 0) > limits.maxRequestBodyBytes
  return new ClientRequest(arrival, target, host, hasBody, requestId(headers['x-correlation-id'], random))
}

export class ClientRequest implements ProxyRequest {
  readonly id: RequestId
  readonly method: string
  readonly host: string
  readonly path: string
  readonly query: string
  readonly clientAddress: string
  readonly receivedAt: EpochMs
  readonly hasBody: boolean
  readonly #arrival: Arrival
  #signal: AbortSignal | undefined

  constructor(arrival: Arrival, target: Target, host: string, hasBody: boolean, id: RequestId) {
    this.id = id
    this.method = arrival.message.method ?? ''
    this.host = host
    this.path = target.path
    this.query = target.query
    this.clientAddress = arrival.clientAddress
    this.receivedAt = arrival.receivedAt
    this.hasBody = hasBody
    this.#arrival = arrival
    this.#signal = undefined
  }

  get headers(): HeaderList {
    return this.#arrival.message.rawHeaders
  }

  /** node has built the look-up by name already, for its own questions. */
  header(name: string): string | undefined {
    const value: unknown = this.#arrival.message.headers[name]
    if (typeof value === 'string' || value === undefined) return value
    // A list (Set-Cookie), or what every object inherits (`constructor`).
    return fieldValue(this.headers, name)
  }

  /** Made when first asked for: an answer from memory needs none. */
  get signal(): AbortSignal {
    const { response } = this.#arrival
    this.#signal ??= goneSignal(response, () => response.writableFinished)
    return this.#signal
  }

  readBody(maxBytes: number): Promise<Uint8Array> {
    const { message, response, line, bodies } = this.#arrival
    const { 'transfer-encoding': coding, 'content-length': length, expect } = message.headers
    // RFC 9112 §6.3: without either there is none, and node tells of no end to it.
    if (coding === undefined && Number(length ?? 0) === 0) return Promise.resolve(new Uint8Array(0))
    const isWaiting = message.httpVersion === '1.1' && /^100-continue$/i.test(expect ?? '')
    const source = {
      stream: message,
      length: coding === undefined ? Number(length) : undefined,
      signal: this.signal,
      isWhole: () => message.complete,
      invite: () => {
        if (isWaiting) response.writeContinue()
      },
      watch: (told: (error: ProxyError) => void) => line.watchBody(message, told),
      giveUp: () => {
        message.pause() // node drops the rest once the answer is out
        line.closeLingering(response)
      },
    }
    return readBody(source, maxBytes, bodies)
  }
}

/** Fires with an `Abandoned` when what the answer goes out on closes, or has closed, before it is complete. */
export function goneSignal(exit: ServerResponse | ServerHttp2Stream, isComplete: () => boolean): AbortSignal {
  const abandon = new AbortController()
  const gone = () => {
    if (!isComplete()) abandon.abort(new Abandoned('the client is gone'))
  }
  if (exit.closed) gone()
  else exit.once('close', gone)
  return abandon.signal
}

export interface Target {
  readonly path: string
  readonly query: string
  /** Of the absolute form only; it counts instead of Host (RFC 9112 §3.2.2). */
  readonly authority?: string
}

const slash = 0x2f
const absoluteForm = /^https?:\/\/([^/?]*)([^?]*)(?:\?(.*))?$/i

export function splitTarget(method: string, url: string): Target | undefined {
  // A fragment is never sent; what it would mean to others is anybody's guess.
  if (url.includes('#')) return undefined
  if (url.charCodeAt(0) === slash) {
    const mark = url.indexOf('?')
    return mark === -1 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) }
  }
  if (url === '*') return method === 'OPTIONS' ? { path: url, query: '' } : undefined
  const absolute = absoluteForm.exec(url)
  if (absolute === null) return undefined
  const [, authority = '', path = '', query = ''] = absolute
  return authority === '' ? undefined : { path: path === '' ? '/' : path, query, authority }
}

/**
 * RFC 9112 §3.2: an HTTP/1.1 request has exactly one valid Host, whatever the form of its target. Several lines arrive
 * here joined by a comma, which no host holds.
 */
function hostOf(target: Target, field: string | undefined, httpVersion: string): string | undefined {
  const absent = httpVersion === '1.0' ? '' : undefined
  const named = field === undefined ? absent : hostName(field)
  return named === undefined || target.authority === undefined ? named : hostName(target.authority)
}

/** RFC 3986 §3.2.2, less the comma; an optional port follows. */
const authorityForm = /^(\[[\da-f:.]+\]|[\w.~!$&'()*+;=%-]*)(?::\d*)?$/i

/** The host of an authority, in the one spelling that routes know; undefined when it is none. */
export function hostName(authority: string): string | undefined {
  const host = authorityForm.exec(authority)?.[1]?.toLowerCase()
  return host?.endsWith('.') ? host.slice(0, -1) : host // the root of the DNS, spelled out
}

const acceptableId = /^[A-Za-z0-9._-]{1,128}$/

/** The client's own name for its request, if that is one. */
export function requestId(given: string | string[] | undefined, random: Random): RequestId {
  return typeof given === 'string' && acceptableId.test(given) ? (given as RequestId) : random.requestId()
}
