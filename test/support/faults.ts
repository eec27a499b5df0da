/** What a `FaultProxy` does to a connection, as values: written down by hand, or drawn from a seed. */

export interface LaneFault {
  /** Every chunk waits so long, one behind the other. */
  readonly delayMs?: number
  readonly bytesPerSecond?: number
  /** The place of a byte whose lowest bit is turned over. Places count from when the fault began. */
  readonly flipAt?: number
  /** From `flipAt` on (0 unless said), one in so many. */
  readonly flipEvery?: number
  /** So many bytes pass; then comes the cut. */
  readonly cutAfter?: number
  /**
   * close (unless said): both sides see an orderly end. reset: both see a reset. half-close: who reads this lane sees its
   * end, and the other lane goes on. stall: nothing more passes on this lane, and nobody is told.
   */
  readonly cut?: 'close' | 'reset' | 'half-close' | 'stall'
}

/** What is absent happens as if there were no proxy. */
export interface Fault {
  /** Instead of a server: a reset at once, or a connection on which nothing ever happens. */
  readonly meet?: 'reset' | 'hang'
  readonly toServer?: LaneFault
  readonly toClient?: LaneFault
  /** Answers what the client wrote in the server's place; undefined lets it pass. A small request is one chunk. */
  readonly reply?: (chunk: Buffer) => string | undefined
}

export const noFault: Fault = {}

/** The faults of the connections, by their number from 0. */
export type FaultPlan = (connection: number) => Fault

/** mulberry32: numbers in [0, 1), the same sequence for the same seed on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const cuts = ['close', 'reset', 'stall', 'half-close'] as const
/** A server that sees the orderly end of half a request answers it, and rightly with a 400. */
const cutsOfRequests = cuts.slice(0, -1)

/**
 * About half of the connections are left alone. The fault of a connection hangs on the seed and its number alone, so that
 * the order in which connections come changes nothing. `flips`: whether bytes are turned over, too.
 */
export function seededFaults(seed: number, { flips = false } = {}): FaultPlan {
  return (connection) => {
    const random = seededRandom(Math.imul(seed, 0x9e3779b1) + connection)
    const upTo = (bound: number) => Math.floor(random() * bound)
    const kinds: readonly (() => Fault)[] = [
      () => ({ meet: random() < 0.5 ? 'reset' : 'hang' }),
      () => ({ toClient: { cutAfter: upTo(200_000), cut: cuts[upTo(cuts.length)] ?? 'close' } }),
      () => ({ toServer: { cutAfter: upTo(2000), cut: cutsOfRequests[upTo(cutsOfRequests.length)] ?? 'close' } }),
      () => ({ toServer: { delayMs: upTo(100) }, toClient: { delayMs: upTo(100) } }),
      () => ({ toClient: { bytesPerSecond: 20_000 + upTo(1_000_000) } }),
      ...(flips ? [() => ({ toClient: { flipAt: upTo(1000), flipEvery: 1000 + upTo(100_000) } })] : []),
    ]
    return random() < 0.5 ? noFault : (kinds[upTo(kinds.length)]?.() ?? noFault)
  }
}
