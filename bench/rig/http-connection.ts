/**
 * One keep-alive HTTP/1.1 connection of the bench's own client: raw sockets and one read buffer, so that the client
 * costs little beside the servers it measures. It understands what these servers send: Content-Length bodies, no
 * chunking, one request at a time.
 */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface Exchange {
  /** GET, unless said. None of them sends a body. */
  readonly method?: 'GET' | 'HEAD' | 'PUT'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Lends the bytes: they are overwritten when it returns. */
  onBody(chunk: Buffer, offset: number, status: number): void
}

export interface Answer {
  readonly status: number
  readonly bytes: number
  /** From sending the request to the first byte of the answer's head. */
  readonly firstByteMs: number
  /** As it came: the status line, and the fields, each with its line break. */
  readonly head: string
}

interface Pending {
  readonly exchange: Exchange
  readonly sentAt: number
  readonly settle: (outcome: Answer | Error) => void
  firstByteMs: number
  head: string
  status: number
  length: number
  received: number
}

export interface ConnectionOptions {
  /** Whoever answers is believed: it is a server of ours. */
  readonly isTls?: boolean | undefined
  /** The size of the read buffer: small where there are thousands of connections. */
  readonly readBytes?: number | undefined
  /** How long it rests after each read. */
  readonly restMs?: number | undefined
  /** The client's own address. */
  readonly from?: string | undefined
}

const idleMs = 30_000
const usualReadBytes = 256 * 1024

export class HttpConnection {
  readonly #socket: Socket
  readonly #host: string
  #pending: Pending | undefined
  #isOpen = true

  constructor(port: number, { isTls = false, readBytes = usualReadBytes, restMs = 0, from }: ConnectionOptions = {}) {
    this.#host = `127.0.0.1:${port}`
    const options = {
      port,
      host: '127.0.0.1',
      ...(from !== undefined && { localAddress: from }),
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(readBytes),
        callback: (length: number, buffer: Uint8Array) => {
          this.#take(Buffer.from(buffer.buffer, buffer.byteOffset, length))
          if (restMs > 0) this.#rest(restMs)
          return true
        },
      },
    }
    this.#socket = isTls ? connectTls({ ...options, rejectUnauthorized: false }) : connect(options)
    this.#socket.setTimeout(idleMs, () => {
      if (this.#pending !== undefined) this.#socket.destroy(new Error(`no byte for ${idleMs} ms`))
    })
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('the connection was closed before the answer was whole')))
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Rejects when the connection ends before the answer is whole. */
  request(exchange: Exchange): Promise<Answer> {
    if (!this.#isOpen) return Promise.reject(new Error('the connection is closed'))
    const fields = Object.entries(exchange.headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`)
    return new Promise((resolve, reject) => {
      this.#pending = {
        exchange,
        sentAt: performance.now(),
        settle: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)),
        firstByteMs: 0,
        head: '',
        status: 0,
        length: -1,
        received: 0,
      }
      const { method = 'GET', path } = exchange
      this.#socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n${fields.join('')}\r\n`)
    })
  }

  /** Stops reading: the kernel's buffers fill and the server feels it. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }

  #rest(restMs: number): void {
    this.pause()
    setTimeout(() => this.resume(), restMs)
  }

  #take(chunk: Buffer): void {
    const pending = this.#pending
    if (pending === undefined) {
      this.#socket.destroy(new Error('bytes nobody asked for'))
      return
    }
    const body = pending.length >= 0 ? chunk : this.#takeHead(pending, chunk)
    if (body === undefined) return
    if (body.length > 0) pending.exchange.onBody(body, pending.received, pending.status)
    pending.received += body.length
    if (pending.received > pending.length) this.#socket.destroy(new Error('more bytes than Content-Length'))
    else if (pending.received === pending.length) this.#finish(pending)
  }

  /** What of the chunk is body; undefined while the head is not whole. */
  #takeHead(pending: Pending, chunk: Buffer): Buffer | undefined {
    if (pending.head === '') pending.firstByteMs = performance.now() - pending.sentAt
    const before = pending.head.length
    pending.head += chunk.toString('latin1', 0, 16_384)
    const end = pending.head.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    pending.head = pending.head.slice(0, end + 2)
    pending.status = Number(pending.head.slice(9, 12))
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(pending.head)?.[1]
    if (pending.status === 304 || pending.exchange.method === 'HEAD') pending.length = 0
    else if (length === undefined) this.#socket.destroy(new Error(`an answer without Content-Length:\n${pending.head}`))
    else pending.length = Number(length)
    return pending.length < 0 ? undefined : chunk.subarray(end + 4 - before)
  }

  #finish(pending: Pending): void {
    this.#pending = undefined
    if (/\r\nconnection: *close\r\n/i.test(pending.head)) this.close()
    const { status, received: bytes, firstByteMs, head } = pending
    pending.settle({ status, bytes, firstByteMs, head })
  }

  #fail(error: Error): void {
    this.#isOpen = false
    this.#pending?.settle(error)
    this.#pending = undefined
  }
}
