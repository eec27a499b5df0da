/** An S3 bucket as an origin: signed requests over kept-alive connections. */

import type { LookupFunction } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { withoutFields } from '../base/header-list.ts'
import type { Step } from '../base/trace.ts'
import type { HeaderList, RangeSpec } from '../base/types.ts'
import type { AnswerBody } from './answer-body.ts'
import { ConnectionLine, type Waiting } from './connection-line.ts'
import { createConnections } from './connections.ts'
import {
  type CredentialOptions,
  type CredentialSource,
  type Credentials,
  createCredentialSource,
} from './credentials.ts'
import { Exchange, type ExchangeHead } from './exchange.ts'
import type { ObjectRef, Origin, OriginEvents, OriginQuery } from './origin.ts'
import { locateBucket } from './s3-address.ts'
import { readAnswer } from './s3-answer.ts'
import { canonicalQuery, createSigner } from './s3-signer.ts'

export interface S3OriginOptions {
  /** The bucket's name in the config, for events. */
  readonly bucketName: string
  /** The replica's name in the config, for events; empty where there is but one. */
  readonly replica: string
  readonly bucket: string
  readonly region: string
  /** Absent: Amazon's own, by region. */
  readonly endpoint?: string
  readonly credentials: CredentialOptions
  readonly forcePathStyle: boolean
  /** At most so many connections; further requests wait. */
  readonly connections: number
  /** For connecting, for the head, and for each further chunk; each attempt anew. */
  readonly timeoutMs: number
}

export interface S3OriginPorts {
  readonly clock: Clock
  readonly events: OriginEvents
  /** Instead of what the options say. */
  readonly credentials?: CredentialSource
  /** How host names are looked up; absent: as the system does. */
  readonly lookup?: LookupFunction
}

interface Answered {
  readonly head: ExchangeHead
  readonly body: AnswerBody
}

interface SignedRequest {
  readonly method: OriginQuery['method']
  readonly path: string
  readonly headers: string[]
}

export function createS3Origin(options: S3OriginOptions, ports: S3OriginPorts): Origin {
  const { clock, events } = ports
  const address = locateBucket(options)
  const signer = createSigner(options.region)
  const credentials = ports.credentials ?? createCredentialSource(options.credentials, options.region, clock)
  const pool = createConnections(address.origin, {
    connections: options.connections,
    connectTimeoutMs: options.timeoutMs,
    ...(ports.lookup === undefined ? {} : { lookup: ports.lookup }),
  })

  const line = new ConnectionLine()

  function prepare(ref: ObjectRef, query: OriginQuery, signAs: Credentials | undefined): SignedRequest {
    const path = address.pathOf(ref.key)
    const search = canonicalQuery(ref.query)
    const headers = [...conditions(query), ...(query.headers ?? [])]
    if (signAs !== undefined) {
      const signable = { method: query.method, path, query: search, host: address.host, at: clock.now() }
      headers.push(...signer.sign({ ...signable, headers: fieldsToSign(headers) }, signAs))
    }
    return { method: query.method, path: search === '' ? path : `${path}?${search}`, headers }
  }

  function stepOf({ timeline, method, attempt }: OriginQuery): Step | undefined {
    return timeline?.begin('origin', {
      'http.request.method': method,
      'server.address': address.host,
      'yatagarasu.bucket': options.bucketName,
      'yatagarasu.replica': options.replica === '' ? undefined : options.replica,
      'yatagarasu.attempt': attempt,
    })
  }

  function begin(request: SignedRequest, query: OriginQuery): Waiting {
    const step = stepOf(query)
    const exchange = new Exchange({
      method: request.method,
      clock,
      timeoutMs: options.timeoutMs,
      signal: query.signal,
      step,
      assigned: (waitedMs) => events.waited(options.bucketName, waitedMs),
      received: (bytes) => events.received(options.bucketName, bytes),
      timedOut: (kind) => events.timedOut(options.bucketName, kind),
    })
    // Left to itself, undici closes the connection after every HEAD.
    const sent = { ...request, headers: inTrace(request.headers, step), reset: false }
    const waiting = { options: sent, exchange }
    line.join(waiting, query.isGoingOn === true)
    pool.dispatch(sent, line)
    return waiting
  }

  function report(exchange: Exchange, status: number | 'error'): void {
    if (exchange.assignedAtMs === undefined) return
    events.answered(options.bucketName, options.replica, status, clock.monotonicMs() - exchange.assignedAtMs)
  }

  async function send(request: SignedRequest, query: OriginQuery, again = true): Promise<Answered> {
    const { signal } = query
    signal.throwIfAborted()
    const waiting = begin(request, query)
    const { exchange } = waiting
    try {
      const head = await exchange.head
      report(exchange, head.status)
      return { head, body: exchange.body }
    } catch (error) {
      // A connection that died while it was idle says nothing about the origin: once more, at once, not an attempt.
      if (exchange.diedUnanswered && again) return send(request, query, false)
      if (!signal.aborted) {
        report(exchange, 'error')
        events.unanswered(options.bucketName, options.replica, error)
      }
      throw error
    } finally {
      line.leave(waiting) // one that was given up in the queue
    }
  }

  return {
    name: options.bucketName,
    fingerprint: address.fingerprint,
    get waiting() {
      return line.length
    },
    async ask(ref, query) {
      query.signal.throwIfAborted()
      const held = credentials.current()
      const request = prepare(ref, query, held instanceof Promise ? await held : held)
      const { head, body } = await send(request, query)
      try {
        return await readAnswer(query, head, body)
      } catch (error) {
        body.cancel() // nobody else can: the answer is not handed out
        throw error
      }
    },
    async close() {
      await pool.destroy()
    },
  }
}

/** The trace goes on with this exchange, and not with what the client said of it. Never signed: SigV4 does not ask for it. */
function inTrace(headers: string[], step: Step | undefined): string[] {
  if (step === undefined || step.fields.length === 0) return headers
  return [...withoutFields(headers, (name) => name === 'traceparent' || name === 'tracestate'), ...step.fields]
}

/** What the request asks for beyond the object itself. */
function conditions(query: OriginQuery): HeaderList {
  const headers: string[] = []
  if (query.range !== undefined) headers.push('range', `bytes=${rangeSpec(query.range)}`)
  if (query.ifMatch !== undefined) headers.push('if-match', query.ifMatch)
  if (query.ifNoneMatch !== undefined) headers.push('if-none-match', query.ifNoneMatch)
  if (query.ifModifiedSince !== undefined) headers.push('if-modified-since', query.ifModifiedSince)
  return headers
}

function rangeSpec(range: RangeSpec): string {
  if ('suffix' in range) return `-${range.suffix}`
  return `${range.start}-${range.end === undefined ? '' : range.end - 1}`
}

/** SigV4 wants these signed when they are sent, besides Host and its own. */
function fieldsToSign(headers: HeaderList): HeaderList {
  const isWanted = (name: string) => /^(?:content-type|content-md5|x-amz-.*)$/i.test(name)
  return headers.filter((_, index) => isWanted(headers[index - (index % 2)] ?? ''))
}
