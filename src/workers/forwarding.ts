/** Requests that only the hub can answer, such as /admin: taken in by a worker, answered through it. */

import { Abandoned } from '../base/errors.ts'
import { fieldValue } from '../base/header-list.ts'
import type { Trace } from '../base/trace.ts'
import type { Handler, ProxyRequest, ProxyResponse } from '../http/messages.ts'
import type { Link } from './link.ts'

/** A request without its connection. */
type Asked = Pick<
  ProxyRequest,
  'id' | 'method' | 'host' | 'path' | 'query' | 'headers' | 'clientAddress' | 'receivedAt' | 'hasBody'
>

interface Forwarded {
  /** The worker's number for it. */
  readonly number: number
  readonly asked: Asked
}

/** What log, metrics and audit of the worker tell of it. */
type Told = Pick<Trace, 'bucket' | 'key' | 'cache' | 'subject' | 'auth' | 'limit' | 'action' | 'error'> & {
  readonly failure: string | undefined
}

interface Answer {
  readonly status: number
  readonly headers: ProxyResponse['headers']
  readonly body: Uint8Array | undefined
  readonly told: Told
}

/** What the hub does for workers. */
export type ForwardingCalls = {
  answer(forwarded: Forwarded): Promise<Answer>
  abandon(number: number): void
}

/** What workers do for the hub. */
export type BodyCalls = {
  readBody(wanted: { readonly number: number; readonly maxBytes: number }): Promise<Uint8Array>
}

/** A worker's side. */
export class Forwarder {
  readonly #hub: Link<ForwardingCalls>
  readonly #open = new Map<number, ProxyRequest>()
  #last = 0
  readonly calls: BodyCalls = {
    readBody: async ({ number, maxBytes }) => {
      const request = this.#open.get(number)
      if (request === undefined) throw new Error('the request whose body is asked for has ended')
      return new Uint8Array(await request.readBody(maxBytes)) // alone in its buffer: all of that would be cloned
    },
  }

  constructor(hub: Link<ForwardingCalls>) {
    this.#hub = hub
  }

  readonly handle: Handler = async (request, trace) => {
    const number = ++this.#last
    this.#open.set(number, request)
    const leave = () => this.#hub.tell('abandon', number)
    request.signal.addEventListener('abort', leave, { once: true })
    try {
      return responseOf(await this.#hub.call('answer', { number, asked: askedOf(request) }), trace)
    } finally {
      request.signal.removeEventListener('abort', leave)
      this.#open.delete(number)
    }
  }
}

/** The hub's side, for one worker. `handle` answers what came by none of the hub's own listeners. */
export function answerForwarded(worker: Link<BodyCalls>, handle: Handler, createTrace: () => Trace): ForwardingCalls {
  const leaving = new Map<number, AbortController>()
  return {
    async answer({ number, asked }) {
      const client = new AbortController()
      leaving.set(number, client)
      const trace = createTrace()
      try {
        return await answerOf(
          await handle(requestOf(asked, number, client.signal, worker), trace),
          trace,
          client.signal,
        )
      } finally {
        leaving.delete(number)
      }
    },
    abandon(number) {
      leaving.get(number)?.abort(new Abandoned('the client is gone'))
    },
  }
}

function askedOf(request: ProxyRequest): Asked {
  const { id, method, host, path, query, headers, clientAddress, receivedAt, hasBody } = request
  return { id, method, host, path, query, headers: [...headers], clientAddress, receivedAt, hasBody }
}

function requestOf(asked: Asked, number: number, signal: AbortSignal, worker: Link<BodyCalls>): ProxyRequest {
  return {
    ...asked,
    header: (name) => fieldValue(asked.headers, name),
    // Whether there is one is for the worker to say: `hasBody` knows nothing of those that a bucket would pass over.
    readBody: (maxBytes) => worker.call('readBody', { number, maxBytes }).catch(thrownAnew),
    signal,
  }
}

/** Failures lose their class between threads, and this one is no failure of ours. */
function thrownAnew(error: unknown): never {
  throw error instanceof Error && error.name === Abandoned.name ? new Abandoned(error.message) : error
}

async function answerOf(response: ProxyResponse, trace: Trace, signal: AbortSignal): Promise<Answer> {
  const { status, headers, body, finished } = response
  const { bucket, key, cache, subject, auth, limit, action, error, errorDetail } = trace
  const failure = errorDetail === undefined ? undefined : String(errorDetail)
  try {
    const bytes = await bytesOf(body, signal)
    return { status, headers, body: bytes, told: { bucket, key, cache, subject, auth, limit, action, error, failure } }
  } finally {
    finished?.()
  }
}

async function bytesOf(body: ProxyResponse['body'], signal: AbortSignal): Promise<Uint8Array | undefined> {
  if (body.kind === 'empty') return undefined
  if (body.kind === 'bytes') return new Uint8Array(body.bytes)
  const chunks: Uint8Array[] = []
  for await (const chunk of body.read(signal)) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

function responseOf({ status, headers, body, told }: Answer, trace: Trace): ProxyResponse {
  const { failure, ...rest } = told
  Object.assign(trace, rest)
  if (failure !== undefined) trace.errorDetail = new Error(failure)
  return { status, headers, body: body === undefined ? { kind: 'empty' } : { kind: 'bytes', bytes: body } }
}
