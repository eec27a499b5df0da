/** A client, a server, and the two lanes between them. */
import type { Socket } from 'node:net'
import { FaultLane } from './fault-lane.ts'
import type { Fault } from './faults.ts'

export interface FaultCounts {
  /** Connections taken; those that were refused never got here. */
  connections: number
  bytesToServer: number
  bytesToClient: number
  /** Connections met with a fault, cuts, flipped bytes. */
  struck: number
  /** Chunks answered in the server's place. */
  replies: number
}

export interface ConnectionPorts {
  /** As for a lane. */
  readonly untilOpen: () => Promise<void>
  readonly counts: FaultCounts
}

export class FaultConnection {
  readonly sockets: readonly [client: Socket, server: Socket]
  /** Resolves once both sockets are. */
  readonly closed: Promise<unknown>
  readonly #ports: ConnectionPorts
  readonly #up: FaultLane
  readonly #down: FaultLane
  #reply: Fault['reply']

  constructor({ client, server }: { client: Socket; server: Socket }, fault: Fault, ports: ConnectionPorts) {
    this.#ports = ports
    this.sockets = [client, server]
    this.closed = Promise.all(this.sockets.map((socket) => closing(socket)))
    this.#up = this.#lane(client, server, 'bytesToServer', (chunk) => this.#isAnswered(client, chunk))
    this.#down = this.#lane(server, client, 'bytesToClient', () => false)
    this.strike(fault)
    void this.#up.run().then(() => this.#finish(this.#down))
    void this.#down.run().then(() => this.#finish(this.#up))
  }

  strike({ reply, toServer, toClient }: Fault): void {
    this.#reply = reply
    this.#up.strike(toServer)
    this.#down.strike(toClient)
  }

  #isAnswered(client: Socket, chunk: Buffer): boolean {
    const answer = this.#reply?.(chunk)
    if (answer === undefined) return false
    this.#ports.counts.replies += 1
    client.write(answer, 'latin1')
    return true
  }

  /** Once one lane is over, nobody is left to tell what has become of a cut one. */
  #finish(other: FaultLane): void {
    if (other.isCut) for (const socket of this.sockets) socket.destroy()
  }

  #lane(
    from: Socket,
    to: Socket,
    count: 'bytesToServer' | 'bytesToClient',
    isAnswered: (chunk: Buffer) => boolean,
  ): FaultLane {
    const over = new AbortController()
    to.once('close', () => over.abort())
    const { counts, untilOpen } = this.#ports
    const passed = (bytes: number) => {
      counts[count] += bytes
    }
    const struck = () => {
      counts.struck += 1
    }
    return new FaultLane(from, to, { untilOpen, isAnswered, passed, struck }, over.signal)
  }
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })
}
