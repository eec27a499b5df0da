import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { backoffMs } from './backoff.ts'
import { type Connection, isCluster } from './connection.ts'
import type { Deadline } from './deadline.ts'
import { failureOf, RedisFailure } from './failure.ts'

/** Names in lower case. Replies carry their strings as Buffers. */
export interface RedisCommand {
  readonly name: string
  readonly args: readonly (string | number | Buffer)[]
}

/** Somebody who takes commands: a connection, or one node of a cluster behind it. */
export interface RedisNode {
  send(command: RedisCommand, deadline: Deadline): Promise<unknown>
}

export interface LinkEvents {
  ready(): void
  /** Told after each attempt that came to nothing, too. */
  lost(reason: string): void
}

/** What may wait on one connection. A Redis that answers nothing costs this much memory at most. */
const maxPendingCommands = 1024
const maxPendingBytes = 32 * 2 ** 20

/** https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model */
const slotCount = 16_384

/** The package destroys a socket that does not close before that. */
const longestGoodbyeMs = 500

/** A connection that did not last so long has not proved anything: the delays go on growing. */
const provenMs = 1000

/** One connection to Redis, or one to each node of a cluster, that comes back by itself for ever. */
export class RedisLink implements RedisNode {
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #random: Random
  readonly #events: LinkEvents
  #pendingCommands = 0
  #pendingBytes = 0
  #attempts = 0
  #readySinceMs: number | undefined
  #reason = ''
  #isClosed = false
  #callOff: () => void = () => undefined

  constructor(connection: Connection, clock: Clock, random: Random, events: LinkEvents) {
    this.#connection = connection
    this.#clock = clock
    this.#random = random
    this.#events = events
    const noteError = (error: Error) => {
      this.#reason = error.message
    }
    connection.on('error', noteError)
    connection.on('node error', noteError)
    connection.on('ready', () => this.#noteReady())
    connection.on('end', () => this.#noteEnd())
  }

  get isReady(): boolean {
    return this.#connection.status === 'ready'
  }

  get pendingCommands(): number {
    return this.#pendingCommands
  }

  open(): void {
    if (this.#isClosed) return
    // How it fails is told by events: error, then end.
    this.#connection.connect().catch(() => undefined)
  }

  send(command: RedisCommand, deadline: Deadline): Promise<unknown> {
    return this.#send(this.#connection, command, deadline)
  }

  /** Every master that holds slots of a cluster; else the one server. Throws when one of them is not there. */
  masters(): readonly RedisNode[] {
    if (!isCluster(this.#connection)) return [this]
    const { slots } = this.#connection
    const keys = new Set(Array.from({ length: slotCount }, (_, slot) => slots[slot]?.[0]))
    return [...keys].map((key) => this.#nodeCalled(key))
  }

  /** The master of a cluster's first slot; else the one server. Throws when it is not there. */
  firstMaster(): RedisNode {
    return this.#nodeCalled(isCluster(this.#connection) ? this.#connection.slots[0]?.[0] : undefined)
  }

  /** What waits on it is rejected. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#callOff()
    const { status } = this.#connection
    if (status === 'end' || status === 'wait') return
    const ended = Promise.withResolvers<void>()
    this.#connection.once('end', ended.resolve)
    // A cluster that has lost its nodes already tells of no end.
    const callOff = this.#clock.alarm(longestGoodbyeMs, ended.resolve)
    this.#connection.disconnect()
    await ended.promise
    callOff()
  }

  #nodeCalled(key: string | undefined): RedisNode {
    const cluster = this.#connection
    if (!isCluster(cluster)) return this
    const node = cluster.nodes('all').find(({ options: { host, port } }) => key === `${host}:${port}`)
    if (node === undefined) {
      cluster.refreshSlotsCache() // perhaps another one has taken over
      throw new RedisFailure('not-connected', 'a master of the redis cluster is not there')
    }
    return { send: (command, deadline) => this.#send(node, command, deadline) }
  }

  async #send(to: Connection, { name, args }: RedisCommand, deadline: Deadline): Promise<unknown> {
    deadline.requireTime()
    if (this.#isClosed) throw new RedisFailure('closed', 'the redis client is closed')
    const bytes = args.reduce<number>((sum, arg) => sum + (typeof arg === 'number' ? 0 : arg.length), 0)
    if (this.#pendingCommands >= maxPendingCommands || this.#pendingBytes + bytes > maxPendingBytes) {
      throw new RedisFailure('busy', 'too much waits for redis already')
    }
    this.#pendingCommands += 1
    this.#pendingBytes += bytes
    try {
      return await to.callBuffer(name, ...args)
    } catch (error) {
      throw failureOf(error)
    } finally {
      this.#pendingCommands -= 1
      this.#pendingBytes -= bytes
    }
  }

  #noteReady(): void {
    this.#readySinceMs = this.#clock.monotonicMs()
    this.#reason = ''
    this.#events.ready()
  }

  #noteEnd(): void {
    if (this.#isClosed) return
    const now = this.#clock.monotonicMs()
    if (now - (this.#readySinceMs ?? now) >= provenMs) this.#attempts = 0
    this.#readySinceMs = undefined
    this.#events.lost(this.#reason || 'the connection was closed')
    this.#callOff = this.#clock.alarm(backoffMs(this.#attempts, this.#random), () => this.open())
    this.#attempts += 1
  }
}
