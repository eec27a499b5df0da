/** Syslog messages as datagrams, one each (RFC 5426). */

import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import type { SyslogConnection } from './syslog-connection.ts'
import type { SyslogSinkOptions } from './syslog-sink.ts'

/** The name is looked up once for each connection. Rejects when it has no address. */
export async function openDatagrams(options: SyslogSinkOptions, signal: AbortSignal): Promise<SyslogConnection> {
  const { address, family } = await unlessAborted(lookup(options.host), signal)
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
  try {
    // Without a connection the kernel would not tell that nobody listens there.
    socket.connect(options.port, address)
    await once(socket, 'connect', { signal })
  } catch (error) {
    socket.close()
    throw error
  }
  return new Datagrams(socket)
}

/** A look-up cannot be called off; then nobody waits for it. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

class Datagrams implements SyslogConnection {
  readonly #socket: Socket
  #refusal: Error | undefined
  #closed: Promise<unknown> | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    // What the network says of an earlier datagram: the next ones would end like it.
    socket.on('error', (error) => {
      this.#refusal = error
    })
  }

  async send(messages: readonly Buffer[]): Promise<number> {
    const wereSent = await Promise.all(messages.map((message) => this.#send(message)))
    if (this.#refusal !== undefined) throw this.#refusal
    return wereSent.filter((wasSent) => !wasSent).length
  }

  async close(): Promise<void> {
    this.#closed ??= once(this.#socket.close(), 'close')
    await this.#closed
  }

  /** False when it is too long: over IPv4, 65,507 bytes are the most (65,535 less 28 of headers). The kernel tells. */
  #send(message: Buffer): Promise<boolean> {
    return new Promise((resolve) => {
      this.#socket.send(message, (error) => {
        const isTooLong = error !== null && 'code' in error && error.code === 'EMSGSIZE'
        if (error !== null && !isTooLong) this.#refusal = error
        resolve(!isTooLong)
      })
    })
  }
}
