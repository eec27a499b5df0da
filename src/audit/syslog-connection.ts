/** A TCP or TLS connection to a syslog server. */

import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock } from '../base/clock.ts'
import { octetFrames } from './syslog-frame.ts'
import type { SyslogSinkOptions } from './syslog-sink.ts'

/** An open way to the server. It is of no more use once anything has failed: close it and open another. */
export interface SyslogConnection {
  /**
   * One call at a time. Resolves with how many of the messages were too long for the way, and were left out, when the
   * kernel has all others; after a rejection nobody knows which ones arrived.
   */
  send(messages: readonly Buffer[]): Promise<number>
  /** Resolves when the kernel has taken leave of the server, or, `now`, at once. Never rejects. */
  close(now?: 'now'): Promise<void>
}

const connectLimitMs = 10_000
/** How long a server may read nothing. It may as well be dead then, which TCP finds out in a quarter of an hour. */
const stallLimitMs = 30_000
const keepAliveAfterMs = 30_000
const goodbyeLimitMs = 500

/** Rejects when there is no connection in time. When the signal fires, the connection is cut in whatever it does. */
export async function openStream(
  { host, port, protocol }: SyslogSinkOptions,
  clock: Clock,
  signal: AbortSignal,
): Promise<SyslogConnection> {
  signal.throwIfAborted()
  const isTls = protocol === 'tls'
  // RFC 5425 §4.2.1 has the client validate the server; Node does, against its own authorities and NODE_EXTRA_CA_CERTS.
  const socket = isTls ? connectTls({ host, port, minVersion: 'TLSv1.2', ...nameOf(host) }) : connectTcp({ host, port })
  const cut = () => socket.destroy(signal.reason)
  signal.addEventListener('abort', cut)
  socket.once('close', () => signal.removeEventListener('abort', cut))
  const connection = new StreamConnection(socket, clock)
  await connection.settled(connectLimitMs, 'connecting to the syslog server', (done) => {
    socket.once(isTls ? 'secureConnect' : 'connect', done)
  })
  return connection
}

/** RFC 6066 §3: "Literal IPv4 and IPv6 addresses are not permitted" as a server name. */
function nameOf(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {}
}

class StreamConnection implements SyslogConnection {
  readonly #socket: Socket
  readonly #clock: Clock
  #loss: Error | undefined
  /** Of whoever waits now. */
  #fail: (loss: Error) => void = () => undefined

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    let reason: Error | undefined
    socket.on('error', (error) => {
      reason = error
    })
    socket.on('close', () => {
      this.#loss = reason ?? new Error('the syslog server closed the connection')
      this.#fail(this.#loss)
    })
    socket.setNoDelay(true)
    socket.setKeepAlive(true, keepAliveAfterMs)
    socket.resume() // a server has nothing to say, but its goodbye comes this way
  }

  async send(messages: readonly Buffer[]): Promise<number> {
    await this.settled(stallLimitMs, 'writing to the syslog server', (done) => {
      // Called when the kernel has taken the last byte: this is all the back pressure there needs to be.
      this.#socket.write(octetFrames(messages), (error) => {
        if (!error) done()
      })
    })
    return 0
  }

  async close(now?: 'now'): Promise<void> {
    if (now === 'now') this.#socket.destroy()
    else this.#socket.end()
    // It ends with the loss of the connection, which is what was wanted.
    await this.settled(goodbyeLimitMs, 'closing', () => undefined).catch(() => undefined)
  }

  /** One at a time: resolves when `start` calls `done`, unless the connection is lost first, or after `limitMs`. */
  async settled(limitMs: number, what: string, start: (done: () => void) => void): Promise<void> {
    if (this.#loss !== undefined) throw this.#loss
    const callOff = this.#clock.alarm(limitMs, () => {
      this.#socket.destroy(new Error(`${what} took longer than ${limitMs / 1000} s`))
    })
    try {
      // A race with one promise for the loss would leave a reaction on it with each batch, for as long as it lasts.
      await new Promise<void>((resolve, reject) => {
        this.#fail = reject
        start(resolve)
      })
    } finally {
      callOff()
    }
  }
}
