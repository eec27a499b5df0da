/** A syslog server over TCP or TLS that misbehaves when told to. Reads octet-counted frames (RFC 6587 §3.4.1). */
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

export class SyslogServer {
  /** Of all connections, in the order of their arrival. */
  readonly messages: string[] = []
  readonly connections: Socket[] = []
  port = 0
  /** Connections are taken, and nothing is read from them. */
  isDeaf = false
  readonly #tls: TlsOptions | undefined
  #server: Server | undefined
  readonly #watchers = new Set<() => void>()

  constructor(tls?: TlsOptions) {
    this.#tls = tls
  }

  /** After a `kill`: again on the same port. */
  async start(): Promise<void> {
    const take = (socket: Socket) => this.#take(socket)
    const server = this.#tls === undefined ? createServer(take) : createTlsServer(this.#tls, take)
    server.listen(this.port, '127.0.0.1')
    await once(server, 'listening')
    this.#server = server
    const address = server.address()
    if (address !== null && typeof address === 'object') this.port = address.port
  }

  /** As the kernel does it for a process that dies. */
  async kill(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    for (const socket of this.connections) {
      if (this.#tls === undefined) socket.resetAndDestroy()
      else socket.destroy() // Node has no reset for TLS
    }
    server.close()
    await once(server, 'close')
  }

  async until(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) await new Promise<void>((resolve) => this.#watchers.add(resolve))
  }

  #take(socket: Socket): void {
    this.connections.push(socket)
    socket.on('error', () => undefined) // a client that resets the connection
    let unread: Buffer = Buffer.alloc(0)
    if (this.isDeaf) socket.pause()
    else {
      socket.on('data', (chunk: Buffer) => {
        unread = this.#read(Buffer.concat([unread, chunk]))
        this.#notice()
      })
    }
    this.#notice()
  }

  #read(bytes: Buffer): Buffer {
    let rest = bytes
    for (;;) {
      const space = rest.indexOf(' ')
      const length = Number(rest.toString('latin1', 0, Math.max(space, 0)))
      if (space < 1 || rest.byteLength < space + 1 + length) return rest
      this.messages.push(rest.toString('utf8', space + 1, space + 1 + length))
      rest = rest.subarray(space + 1 + length)
    }
  }

  #notice(): void {
    const watchers = [...this.#watchers]
    this.#watchers.clear()
    for (const noticed of watchers) noticed()
  }
}
