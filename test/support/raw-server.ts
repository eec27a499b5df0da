/** A server that says exactly the bytes a test wants, well-formed or not. */

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** What happens on one connection, the `index`th the server got. When it returns, the connection stays open. */
export type RawScript = (connection: RawConnection, index: number) => Promise<void>

export class RawConnection {
  readonly socket: Socket
  readonly #heads: AsyncIterator<string>

  constructor(socket: Socket, heads: AsyncIterator<string>) {
    this.socket = socket
    this.#heads = heads
  }

  /** The head of the next request, its empty line included. Undefined: the client has closed the connection. */
  async request(): Promise<string | undefined> {
    const { value } = await this.#heads.next()
    return value
  }

  /** One character is one byte. */
  send(bytes: string | Uint8Array): void {
    if (typeof bytes === 'string') this.socket.write(bytes, 'latin1')
    else this.socket.write(bytes)
  }

  close(): void {
    this.socket.end()
  }

  /** The client has closed it. Reads on: an end of the stream shows only to who reads. */
  async closed(): Promise<void> {
    this.socket.resume()
    if (!this.socket.closed) await new Promise((resolve) => this.socket.once('close', resolve))
  }
}

export interface RawServer {
  readonly url: string
  readonly port: number
  /** The heads of all requests, in the order of their arrival. */
  readonly requests: readonly string[]
  readonly connections: readonly RawConnection[]
}

export async function startRawServer(t: TestContext, script: RawScript): Promise<RawServer> {
  const requests: string[] = []
  const connections: RawConnection[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined) // a client that resets the connection: the script sees it closed
    const connection = new RawConnection(socket, requestHeads(socket, requests))
    connections.push(connection)
    void script(connection, connections.length - 1)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    for (const { socket } of connections) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the raw server has no port')
  return { url: `http://127.0.0.1:${address.port}`, port: address.port, requests, connections }
}

/** Answers every request on every connection with the same bytes. */
export function always(bytes: string): RawScript {
  return async (connection) => {
    while ((await connection.request()) !== undefined) connection.send(bytes)
  }
}

async function* requestHeads(socket: Socket, requests: string[]): AsyncGenerator<string> {
  let text = ''
  try {
    for await (const chunk of socket) {
      text += (chunk as Buffer).toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end + 4)
        text = text.slice(end + 4)
        requests.push(head)
        yield head
      }
    }
  } catch {
    // Reset by the client: no more requests.
  }
}
