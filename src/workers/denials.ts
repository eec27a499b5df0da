/** Addresses that are turned away, counted by one thread for all: twenty denials are twenty, however many threads answered them. */

import type { DenialWatch } from '../audit/denial-watch.ts'
import type { Clock } from '../base/clock.ts'
import type { Link } from './link.ts'

interface Denials {
  readonly address: string
  /** Whom the last token named. */
  readonly subject: string | undefined
  readonly count: number
}

export type DenialCalls = {
  denied(denials: readonly Denials[]): void
}

export function denialCalls(watch: DenialWatch): DenialCalls {
  return {
    denied(denials) {
      for (const { address, subject, count } of denials)
        for (let told = 0; told < count; told++) watch.denied(address, subject)
    },
  }
}

/** A flood of refusals is a few messages a second. */
const gatherMs = 250
const maxAddresses = 1000

export function createRemoteDenialWatch(link: Link<DenialCalls>, clock: Clock): DenialWatch {
  let gathered = new Map<string, Denials>()
  let callOff: (() => void) | undefined

  function tell(): void {
    callOff?.()
    callOff = undefined
    link.tell('denied', [...gathered.values()])
    gathered = new Map()
  }

  return {
    denied(address, subject) {
      gathered.set(address, { address, subject, count: (gathered.get(address)?.count ?? 0) + 1 })
      if (gathered.size >= maxAddresses) tell()
      else callOff ??= clock.alarm(gatherMs, tell)
    },
  }
}
