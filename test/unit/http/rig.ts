/** A listener on loopback with everything it tells written down, and a client that says exactly what it is told to. */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { type Clock, systemClock } from '../../../src/base/clock.ts'
import type { Trace } from '../../../src/base/trace.ts'
import type { HeaderList } from '../../../src/base/types.ts'
import type { Handler, ProxyRequest, ProxyResponse, Sent } from '../../../src/http/messages.ts'
import type { RejectReason } from '../../../src/http/refusal.ts'
import { createListener, type Listener, type ListenerOptions } from '../../../src/http/server.ts'
import { createFakeRandom } from '../../support/fake-random.ts'

export interface Done {
  readonly request: ProxyRequest
  readonly response: ProxyResponse
  readonly facts: Readonly<Trace>
  readonly sent: Sent
  readonly durationMs: number
}

export interface Rig {
  readonly listener: Listener
  readonly url: string
  readonly done: readonly Done[]
  readonly rejected: readonly RejectReason[]
  /** Each count of open connections that was told. */
  readonly connections: readonly number[]
  connect(): Promise<RawClient>
  /** Like `connect`, with TLS. Nobody looks at the certificate. */
  connectTls(options?: ConnectionOptions): Promise<RawClient>
  /** Says `text` and gives all that comes back until the listener closes. */
  converse(text: string): Promise<string>
  /** Resolves when the listener has no connection left. */
  noneOpen(): Promise<void>
  /** Called at the end of the test, before the listener is drained. */
  atEnd(leave: () => void): void
  /** Resolves once something was rejected. */
  untilRejected(): Promise<void>
  /** Resolves with the `count`th end of a request. */
  untilDone(count: number): Promise<Done>
}

export interface RigOptions extends Partial<ListenerOptions> {
  readonly clock?: Clock
}

export async function startListener(t: TestContext, handle: Handler, options: RigOptions = {}): Promise<Rig> {
  const { clock = systemClock, ...overrides } = options
  const done: Done[] = []
  const rejected: RejectReason[] = []
  const connections: number[] = []
  const leaves: (() => void)[] = []
  let noticed = () => {}
  let closed = () => {}
  let refused = () => {}
  const listener = createListener(
    {
      host: '127.0.0.1',
      port: 0,
      keepAliveTimeoutMs: 75_000,
      requestTimeoutMs: 30_000,
      maxHeaderBytes: 16 * 1024,
      maxUriLength: 8192,
      maxRequestBodyBytes: 0,
      clientAddress: { trustedProxies: [], source: 'x-forwarded-for' },
      ...overrides,
    },
    {
      clock,
      random: createFakeRandom(),
      handle,
      done(request, response, trace, sent, durationMs) {
        done.push({ request, response, facts: trace, sent, durationMs })
        noticed()
      },
      rejected(reason) {
        rejected.push(reason)
        refused()
      },
      connections(open) {
        connections.push(open)
        closed()
      },
    },
  )
  const { port, url } = await listener.listen()
  t.after(async () => {
    for (const leave of leaves) leave()
    await listener.drain(0)
  })
  const address = { host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true }
  const opened = async (client: RawClient) => {
    leaves.push(() => client.destroy())
    await client.connected
    return client
  }
  const open = () => opened(new RawClient(connect(address)))
  return {
    listener,
    url,
    done,
    rejected,
    connections,
    connect: open,
    connectTls(more = {}) {
      return opened(new RawClient(connectTls({ ...address, rejectUnauthorized: false, ...more }), 'secureConnect'))
    },
    async converse(text) {
      const client = await open()
      client.send(text)
      await client.ended
      client.destroy()
      return client.text
    },
    atEnd: (leave) => leaves.push(leave),
    async noneOpen() {
      while (listener.openConnections > 0) {
        await new Promise<void>((resolve) => {
          closed = resolve
        })
      }
    },
    async untilRejected() {
      while (rejected.length === 0) {
        await new Promise<void>((resolve) => {
          refused = resolve
        })
      }
    },
    async untilDone(count) {
      for (;;) {
        const last = done[count - 1]
        if (last !== undefined) return last
        await new Promise<void>((resolve) => {
          noticed = resolve
        })
      }
    },
  }
}

export class RawClient {
  readonly connected: Promise<unknown>
  /** The other side has closed, or the connection broke. */
  readonly ended: Promise<void>
  /** The error it closed with, if any. */
  readonly closed: Promise<{ readonly code?: string | undefined }>
  readonly #socket: Socket
  readonly #received: Buffer[] = []
  #noticed = () => {}

  /** `connected`: the event that says it is. */
  constructor(socket: Socket, connected: 'connect' | 'secureConnect' = 'connect') {
    this.#socket = socket
    this.connected = once(socket, connected)
    this.ended = new Promise((resolve) => {
      for (const event of ['end', 'close']) socket.once(event, () => resolve())
    })
    let failure: NodeJS.ErrnoException = new Error('none')
    socket.on('error', (error) => {
      failure = error
    })
    this.closed = new Promise((resolve) => socket.once('close', () => resolve(failure)))
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk)
      this.#noticed()
    })
    void this.ended.then(() => this.#noticed())
  }

  /** All that came so far, one character per byte. */
  get text(): string {
    return Buffer.concat(this.#received).toString('latin1')
  }

  send(text: string): void {
    this.#socket.write(Buffer.from(text, 'latin1'))
  }

  /** Resolves with all that came once it ends in `tail`; rejects when the connection ends without. */
  async until(tail: string): Promise<string> {
    let isOver = false
    void this.ended.then(() => {
      isOver = true
    })
    while (!this.text.endsWith(tail)) {
      if (isOver) throw new Error(`ended with ${JSON.stringify(this.text.slice(-200))}`)
      await new Promise<void>((resolve) => {
        this.#noticed = resolve
      })
    }
    return this.text
  }

  /** Reads on until at least `bytes` more have come, or nothing will, then stops again. */
  async take(bytes: number): Promise<void> {
    const wanted = this.#socket.bytesRead + bytes
    this.#socket.resume()
    while (this.#socket.bytesRead < wanted && !this.#socket.readableEnded && !this.#socket.destroyed) {
      await new Promise<void>((resolve) => {
        this.#noticed = resolve
      })
    }
    this.#socket.pause()
  }

  pause(): void {
    this.#socket.pause()
  }

  end(): void {
    this.#socket.end()
  }

  reset(): void {
    this.#socket.resetAndDestroy()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

export function get(path: string, ...fields: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: a.test', ...fields, '', ''].join('\r\n')
}

export function respond(text: string, headers: HeaderList = [], status = 200): ProxyResponse {
  return { status, headers, body: { kind: 'bytes', bytes: Buffer.from(text) } }
}

/** Answers with the path it was asked for. */
export const echo: Handler = async (request) => respond(request.path)

/** Status lines of the answers in `text`. */
export function statuses(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}
