/** Notices addresses that are turned away again and again. */

import type { Clock } from '../base/clock.ts'

/** As it is told to others. */
export interface RepeatedDenials {
  readonly [name: string]: unknown
  readonly client_ip: string
  /** Whom the last token named; null when none did. */
  readonly user: string | null
  /** Since this address was told of last, or is known. */
  readonly denials: number
}

export interface DenialWatch {
  /** This address was answered 401 or 403 by us, and not by the origin. */
  denied(address: string, subject: string | undefined): void
}

export interface DenialPorts {
  readonly clock: Clock
  repeated(denials: RepeatedDenials): void
}

/** So many denials within so long are worth telling of, once in so long for each address. */
const threshold = 20
const withinMs = 60_000
const tellEveryMs = 10 * 60_000
/** About 300 bytes each. Beyond them, whoever was denied longest ago is forgotten. */
const maxAddresses = 10_000

interface Denied {
  /** Of the latest `threshold` denials, the oldest at `count % threshold`. */
  readonly timesMs: Float64Array
  count: number
  untold: number
  toldAtMs: number
}

export function createDenialWatch({ clock, repeated }: DenialPorts): DenialWatch {
  /** Whoever was denied last comes last. */
  const addresses = new Map<string, Denied>()

  function recordOf(address: string): Denied {
    const known = addresses.get(address)
    addresses.delete(address)
    const timesMs = () => new Float64Array(threshold).fill(Number.NEGATIVE_INFINITY)
    const denied = known ?? { timesMs: timesMs(), count: 0, untold: 0, toldAtMs: Number.NEGATIVE_INFINITY }
    addresses.set(address, denied)
    if (addresses.size > maxAddresses) addresses.delete(addresses.keys().next().value ?? '')
    return denied
  }

  return {
    denied(address, subject) {
      const now = clock.monotonicMs()
      const denied = recordOf(address)
      denied.timesMs[denied.count % threshold] = now
      denied.count += 1
      denied.untold += 1
      const oldestMs = denied.timesMs[denied.count % threshold] ?? now
      if (now - oldestMs > withinMs || now - denied.toldAtMs < tellEveryMs) return
      denied.toldAtMs = now
      repeated({ client_ip: address, user: subject ?? null, denials: denied.untold })
      denied.untold = 0
    },
  }
}
