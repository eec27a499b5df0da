/**
 * A TCP proxy on loopback that does harm: in front of S3 or Redis, it refuses, hangs, delays, throttles, cuts, resets,
 * changes bytes or answers by itself, as told or as drawn from a seed.
 */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { FaultConnection, type FaultCounts } from './fault-connection.ts'
import { type Fault, type FaultPlan, noFault } from './faults.ts'
import { freePort } from './free-port.ts'

export interface FaultTarget {
  readonly port: number
  readonly host?: string
}

interface Pair {
  readonly sockets: readonly Socket[]
  strike(fault: Fault): void
}

export class FaultProxy implements AsyncDisposable {
  readonly port: number
  readonly counts: FaultCounts = { connections: 0, bytesToServer: 0, bytesToClient: 0, struck: 0, replies: 0 }
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #target: FaultTarget
  #plan: FaultPlan = () => noFault
  #gate: PromiseWithResolvers<void> | undefined

  /** Without faults to begin with. */
  static async open(target: FaultTarget): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, await freePort())
    await proxy.admit()
    return proxy
  }

  private constructor(target: FaultTarget, port: number) {
    this.#target = target
    this.port = port
    // Half-open is the lanes' own matter.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#take(client))
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get openConnections(): number {
    return this.#pairs.size
  }

  /** For connections to come. */
  use(faults: Fault | FaultPlan): void {
    this.#plan = typeof faults === 'function' ? faults : () => faults
  }

  /** For open connections and those to come. What was cut stays cut. */
  strike(fault: Fault): void {
    this.use(fault)
    for (const pair of this.#pairs) pair.strike(fault)
  }

  /** No more faults: reachable, flowing, untouched. */
  async heal(): Promise<void> {
    this.strike(noFault)
    this.resume()
    await this.admit()
  }

  /** Nothing passes, nothing breaks: as a frozen server, whose kernel goes on taking connections. */
  pause(): void {
    this.#gate ??= Promise.withResolvers()
  }

  resume(): void {
    this.#gate?.resolve()
    this.#gate = undefined
  }

  /** Every open connection, towards both sides. */
  reset(): void {
    for (const { sockets } of this.#pairs) for (const socket of sockets) socket.resetAndDestroy()
  }

  /** As a server that has died: open connections are reset, new ones refused. */
  async refuse(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.reset()
    await closed
  }

  /** Takes connections again, on the same port. */
  async admit(): Promise<void> {
    if (this.#server.listening) return
    this.#server.listen(this.port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** Where connections to come lead. */
  retarget(target: FaultTarget): void {
    this.#target = target
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resume()
    await this.refuse()
  }

  #take(client: Socket): void {
    const fault = this.#plan(this.counts.connections)
    this.counts.connections += 1
    client.on('error', () => undefined) // its lanes see it too
    if (fault.meet !== undefined) this.#meet(client, fault.meet)
    else this.#join(client, fault)
  }

  #meet(client: Socket, kind: NonNullable<Fault['meet']>): void {
    this.counts.struck += 1
    if (kind === 'reset') return void client.resetAndDestroy()
    const pair = { sockets: [client], strike: () => undefined }
    this.#pairs.add(pair)
    client.once('close', () => this.#pairs.delete(pair))
    // Reads, so that it notices when the client gives up.
    client.on('end', () => client.destroy()).resume()
  }

  #join(client: Socket, fault: Fault): void {
    const server = connect({ host: '127.0.0.1', ...this.#target, allowHalfOpen: true, noDelay: true })
    server.on('error', () => undefined) // its lanes see it too
    const untilOpen = async () => {
      while (this.#gate !== undefined) await this.#gate.promise
    }
    const pair = new FaultConnection({ client, server }, fault, { untilOpen, counts: this.counts })
    this.#pairs.add(pair)
    void pair.closed.then(() => this.#pairs.delete(pair))
  }
}
