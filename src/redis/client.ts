/** Redis as everybody in the house uses it: a pool of connections that come back by themselves, and a deadline on everything. */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { connectionMaker } from './connection.ts'
import { type Deadline, within } from './deadline.ts'
import { RedisFailure } from './failure.ts'
import { type RedisCommand, RedisLink, type RedisNode } from './link.ts'
import type { RedisOptions } from './options.ts'

/** One call for each change, however many connections there are. */
export interface RedisEvents {
  connected(): void
  lost(reason: string): void
}

export interface RedisClientPorts {
  readonly clock: Clock
  readonly random: Random
  readonly events: RedisEvents
  /** Some connection came, or came back: perhaps to another server than before. */
  readonly onReady?: () => void
}

/** Bulk values have a connection of their own, so that nothing small waits behind a megabyte. */
export type Lane = 'ordinary' | 'bulk'

/** Connects in the background: neither making one nor using one waits for Redis to be there. */
export class RedisClient {
  readonly #clock: Clock
  readonly #events: RedisEvents
  readonly #onReady: (() => void) | undefined
  readonly #operationTimeoutMs: number
  readonly #links: Readonly<Record<Lane, readonly RedisLink[]>>
  readonly #waiting = new Set<() => void>()
  #state: 'new' | 'connected' | 'lost' | 'closed' = 'new'

  /** Throws when the options cannot be: no url, a certificate that is none. */
  constructor(options: RedisOptions, { clock, random, events, onReady }: RedisClientPorts) {
    this.#clock = clock
    this.#events = events
    this.#onReady = onReady
    this.#operationTimeoutMs = options.operationTimeoutMs
    const connect = connectionMaker(options)
    const linkEvents = { ready: () => this.#noteReady(), lost: (reason: string) => this.#noteLost(reason) }
    const links = (count: number) =>
      Array.from({ length: count }, () => new RedisLink(connect(), clock, random, linkEvents))
    this.#links = { ordinary: links(options.poolSize), bulk: links(1) }
    for (const link of this.#allLinks()) link.open()
  }

  /** Gives `act` the time of one operation. Rejects with a `RedisFailure` or whatever `act` throws. */
  within<T>(act: (deadline: Deadline) => Promise<T>): Promise<T> {
    return within(this.#clock, this.#operationTimeoutMs, act)
  }

  /** Sends a command, and once more when its connection breaks meanwhile: it may take effect twice. Rejects at once while there is no connection. */
  async send(command: RedisCommand, deadline: Deadline, lane: Lane = 'ordinary'): Promise<unknown> {
    const link = this.#requireLink(lane)
    try {
      return await link.send(command, deadline)
    } catch (error) {
      if (!(error instanceof RedisFailure) || error.kind !== 'connection-lost') throw error
      return (await this.#untilReady(lane)).send(command, deadline) // once more
    }
  }

  /** Every master of a cluster, else the one server. Throws when one is not there. */
  masters(): readonly RedisNode[] {
    return this.#requireLink().masters()
  }

  /** Milliseconds since 1970 by the clock of the server, or of the master of a cluster's first slot. One round trip. */
  serverTimeMs(): Promise<number> {
    return this.within(async (deadline) => {
      const reply = await this.#requireLink().firstMaster().send({ name: 'time', args: [] }, deadline)
      const [seconds, microseconds] = Array.isArray(reply) ? reply.map(Number) : []
      const timeMs = (seconds ?? Number.NaN) * 1000 + (microseconds ?? Number.NaN) / 1000
      if (!Number.isFinite(timeMs)) throw new RedisFailure('refused', 'redis did not answer with a time')
      return timeMs
    })
  }

  /** Rejects what still waits. May be called twice. */
  async close(): Promise<void> {
    this.#state = 'closed'
    this.#wake()
    await Promise.all(this.#allLinks().map((link) => link.close()))
  }

  #requireLink(lane: Lane = 'ordinary'): RedisLink {
    const link = this.#readyLink(lane)
    if (link === undefined) throw this.#absence()
    return link
  }

  #readyLink(lane: Lane): RedisLink | undefined {
    let least: RedisLink | undefined
    for (const link of this.#links[lane]) {
      if (link.isReady && link.pendingCommands < (least?.pendingCommands ?? Number.POSITIVE_INFINITY)) least = link
    }
    return least
  }

  /** Those who wait are as many as commands were under way: while there is no connection nobody comes to wait. */
  async #untilReady(lane: Lane): Promise<RedisLink> {
    for (;;) {
      if (this.#state === 'closed') throw this.#absence()
      const link = this.#readyLink(lane)
      if (link !== undefined) return link
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  #noteReady(): void {
    if (this.#state === 'closed') return
    this.#wake()
    this.#onReady?.()
    if (this.#state === 'connected' || this.#readyLink('ordinary') === undefined) return
    this.#state = 'connected'
    this.#events.connected()
  }

  /** Bulk does not count: that connection may be idle for hours, and would not notice. */
  #noteLost(reason: string): void {
    if (this.#state === 'closed' || this.#state === 'lost' || this.#readyLink('ordinary') !== undefined) return
    this.#state = 'lost'
    this.#events.lost(reason)
  }

  #wake(): void {
    for (const resume of this.#waiting) resume()
    this.#waiting.clear()
  }

  #absence(): RedisFailure {
    return this.#state === 'closed'
      ? new RedisFailure('closed', 'the redis client is closed')
      : new RedisFailure('not-connected', 'redis is not connected')
  }

  #allLinks(): readonly RedisLink[] {
    return [...this.#links.ordinary, ...this.#links.bulk]
  }
}
