/** A collector: takes spans by OTLP over HTTP as JSON, and Zipkin's, and keeps them. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

type Json = { readonly [name: string]: unknown }

export interface ReceivedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  /** Empty: it has none. */
  readonly parentSpanId: string
  readonly traceState: string
  readonly kind: 'server' | 'client' | 'internal'
  readonly attributes: Json
  readonly service: unknown
  /** Undefined: no error. */
  readonly error: unknown
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly events: readonly string[]
  readonly startMs: number
  readonly durationMs: number
}

export class OtlpReceiver {
  readonly endpoint: string
  readonly spans: ReceivedSpan[] = []
  /** As they came. */
  readonly bodies: { readonly path: string | undefined; readonly body: unknown }[] = []

  constructor(endpoint: string) {
    this.endpoint = endpoint
  }

  /** The spans of one request, as their names and under which name they are. */
  tree(root: ReceivedSpan): readonly string[] {
    const own = this.spans.filter(({ traceId }) => traceId === root.traceId)
    const nameOf = new Map(own.map(({ spanId, name }) => [spanId, name]))
    return own
      .filter((span) => span !== root)
      .sort((one, other) => one.startMs - other.startMs || one.name.localeCompare(other.name))
      .map(({ name, parentSpanId }) => `${nameOf.get(parentSpanId)} > ${name}`)
  }

  /** Those of requests, in the order they began. */
  get requests(): readonly ReceivedSpan[] {
    return this.spans.filter(({ kind }) => kind === 'server').sort((one, other) => one.startMs - other.startMs)
  }

  named(name: string): ReceivedSpan {
    const found = this.spans.filter((span) => span.name === name)
    assert.equal(found.length, 1, `${found.length} spans ${name} among ${this.spans.map((span) => span.name)}`)
    return found[0] as ReceivedSpan
  }
}

/** Ends with the test. `answer`: instead of taking what comes. */
export async function startOtlpReceiver(
  t: Pick<TestContext, 'after'>,
  answer?: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<OtlpReceiver> {
  const server = createServer((request, response) => {
    if (answer !== undefined) answer(request, response)
    else void take(request, response)
  })
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString())
    receiver.bodies.push({ path: request.url, body })
    if (request.url === '/v1/traces') receiver.spans.push(...spansIn(body))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const receiver = new OtlpReceiver(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return receiver
}

const kinds: Readonly<Record<number, ReceivedSpan['kind']>> = { 1: 'internal', 2: 'server', 3: 'client' }

interface OtlpSpan {
  readonly [name: string]: unknown
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly traceState?: string
  readonly kind: number
  readonly status?: { readonly code?: number; readonly message?: string }
  readonly links?: ReceivedSpan['links']
  readonly events?: readonly { readonly name: string }[]
  readonly attributes?: readonly OtlpAttribute[]
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
}

interface OtlpAttribute {
  readonly key: string
  readonly value: Json
}

interface OtlpBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[]
  }[]
}

function spansIn({ resourceSpans }: OtlpBody): readonly ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = attributesIn(resource.attributes)['service.name']
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => received(span, service)))
  })
}

function received(span: OtlpSpan, service: unknown): ReceivedSpan {
  const { name, traceId, spanId, parentSpanId = '', traceState = '', kind, status, links = [], events = [] } = span
  const [start, end] = [BigInt(span.startTimeUnixNano), BigInt(span.endTimeUnixNano)]
  return {
    ...{ name, traceId, spanId, parentSpanId, traceState, service },
    kind: kinds[kind] ?? 'internal',
    attributes: attributesIn(span.attributes ?? []),
    error: status?.code === 2 ? status.message : undefined,
    links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
    events: events.map((event) => event.name),
    startMs: Number(start) / 1e6,
    durationMs: Number(end - start) / 1e6,
  }
}

function attributesIn(attributes: readonly OtlpAttribute[]): Json {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const [[type, plain] = []] = Object.entries(value)
      return [key, type === 'intValue' ? Number(plain) : plain]
    }),
  )
}
