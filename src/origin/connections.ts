/** The connections to one origin: at most so many, kept alive, one exchange at a time on each. */

import type { LookupFunction } from 'node:net'
import { Client, type Dispatcher, Pool } from 'undici'
import { ConnectionLine } from './connection-line.ts'
import type { Carrier } from './exchange.ts'

export interface ConnectionsOptions {
  readonly connections: number
  readonly connectTimeoutMs: number
  /** An idle connection is closed after so long. Absent: below the idle limits of S3 servers, so that most are closed by us and not under a request. */
  readonly idleMs?: number
  /** How host names are looked up; absent: as the system does. */
  readonly lookup?: LookupFunction
}

/** Twice what servers and libraries commonly take for the whole head. */
const maxHeadBytes = 32 * 1024
const usualIdleMs = 10_000

class Connection extends Client implements Carrier {
  #carried = 0

  constructor(origin: URL, options: Client.Options) {
    super(origin, options)
    this.on('connect', () => {
      this.#carried = 0
    })
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (!(handler instanceof ConnectionLine)) return super.dispatch(options, handler)
    // Those that were given up while they queued: as good as done, and the connection is free for the next.
    let waiting = handler.next()
    while (waiting !== undefined && !waiting.exchange.assign(this)) waiting = handler.next()
    return waiting === undefined || super.dispatch(waiting.options, waiting.exchange)
  }

  begin(): boolean {
    this.#carried += 1
    return this.#carried > 1
  }
}

export function createConnections(origin: string, options: ConnectionsOptions): Pool {
  const { idleMs = usualIdleMs } = options
  return new Pool(origin, {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    useMilo: false,
    maxHeaderSize: maxHeadBytes,
    keepAliveTimeout: idleMs,
    // Whatever the server's Keep-Alive says: it may be an hour.
    keepAliveMaxTimeout: idleMs,
    connectTimeout: options.connectTimeoutMs,
    // The exchange has timers of its own, which a paused reader does not wind down.
    headersTimeout: 0,
    bodyTimeout: 0,
    ...(options.lookup === undefined ? {} : { connect: { lookup: options.lookup } }),
    factory: (url, clientOptions) => new Connection(url, clientOptions),
  })
}
