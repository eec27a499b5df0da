/**
 * A scripted S3-like origin on a real socket. It answers as Ceph RGW does where servers differ (see the poor head of its
 * 304), signs nothing and checks no signature, and remembers every request.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Clock } from '../../src/base/clock.ts'
import { answerObject, sendS3Error } from './fake-answer.ts'
import { type Content, FakeObject, type ObjectOptions } from './fake-object.ts'
import { freePort } from './free-port.ts'

export interface OriginRequest {
  readonly method: string
  /** As it came: percent-encoding untouched, without the query. */
  readonly path: string
  /** Without `?`; empty when there is none. */
  readonly query: string
  /** Names in lower case. */
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly range: string | undefined
  /** Body bytes handed to the socket so far. */
  readonly bytesSent: number
  /** Resolves when the exchange is over: true when the whole answer went out, false when either side broke it off. */
  readonly ended: Promise<boolean>
}

export interface FakeOriginOptions {
  /** Where `Date` comes from; the system's time without it. */
  readonly clock?: Clock
}

/** Names are `/bucket/key` with the key decoded, or a bare key, which lives in the bucket called `bucket`. */
export class FakeOrigin {
  readonly #server: Server
  readonly #clock: Clock | undefined
  readonly #objects = new Map<string, FakeObject>()
  readonly #requests: { readonly name: string; readonly request: RecordedRequest }[] = []
  readonly #watchers = new Set<() => void>()
  readonly #sockets = new Set<Socket>()
  #port = 0

  constructor({ clock }: FakeOriginOptions = {}) {
    this.#clock = clock
    this.#server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
      this.#answer(request, response).catch(() => response.destroy())
    })
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get openConnections(): number {
    return this.#sockets.size
  }

  serve(name: string, content: Content, options: ObjectOptions = {}): FakeObject {
    const object = new FakeObject(content, options)
    this.#objects.set(fullName(name), object)
    return object
  }

  /** From now on 404. */
  remove(name: string): void {
    this.#objects.get(fullName(name))?.releaseAll()
    this.#objects.delete(fullName(name))
  }

  /** In order of arrival; without a name, all of them. */
  requests(name?: string): readonly OriginRequest[] {
    const wanted = name === undefined ? undefined : fullName(name)
    return this.#requests.filter((entry) => wanted === undefined || entry.name === wanted).map((entry) => entry.request)
  }

  bytesSent(name?: string): number {
    return this.requests(name).reduce((sum, request) => sum + request.bytesSent, 0)
  }

  /** Resolves with the `count`th request for this name once it has arrived. */
  async arrival(name: string, count = 1): Promise<OriginRequest> {
    for (;;) {
      const request = this.requests(name)[count - 1]
      if (request !== undefined) return request
      await new Promise<void>((resolve) => this.#watchers.add(resolve))
    }
  }

  /** Listens, after `stop` on the same port again. */
  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort() // nobody is given it while the server is dead
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** A dead server: connections are refused, and those that were open are reset. */
  async stop(): Promise<void> {
    for (const object of this.#objects.values()) object.releaseAll()
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s, 2)
    const name = decoded(path)
    const recorded = new RecordedRequest(request, response, path, query)
    this.#requests.push({ name, request: recorded })
    for (const noticed of this.#watchers) noticed()
    this.#watchers.clear()

    if (this.#clock !== undefined) response.setHeader('Date', new Date(this.#clock.now()).toUTCString())
    const object = this.#objects.get(name)
    if (object === undefined) return sendS3Error(request, response, 404, 'NoSuchKey')
    await answerObject(object, request, response, (bytes) => recorded.sent(bytes))
  }
}

/** Stopped when the test is over. */
export async function startFakeOrigin(t: TestContext, options: FakeOriginOptions = {}): Promise<FakeOrigin> {
  const origin = new FakeOrigin(options)
  t.after(() => origin.stop())
  await origin.start()
  return origin
}

class RecordedRequest implements OriginRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly range: string | undefined
  readonly ended: Promise<boolean>
  #bytesSent = 0

  constructor(request: IncomingMessage, response: ServerResponse, path: string, query: string) {
    this.method = request.method ?? ''
    this.path = path
    this.query = query
    this.headers = request.headers
    this.rawHeaders = request.rawHeaders
    this.range = request.headers.range
    this.ended = new Promise((resolve) => response.once('close', () => resolve(response.writableFinished)))
  }

  get bytesSent(): number {
    return this.#bytesSent
  }

  sent(bytes: number): void {
    this.#bytesSent += bytes
  }
}

const fullName = (name: string): string => (name.startsWith('/') ? name : `/bucket/${name}`)

/** What cannot be decoded stands for itself. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
