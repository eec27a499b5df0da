/** How the parts of the proxy are, for administrators: what was last heard of each. */

import type { BreakerState } from '../base/breaker.ts'
import type { Clock } from '../base/clock.ts'
import type { StoreEvents } from '../cache/tier.ts'
import type { OriginEvents } from '../origin/origin.ts'

interface LastError {
  readonly at: string
  readonly message: string
}

interface Row {
  state: 'ok' | 'degraded'
  since: string
  last_error: LastError | null
}

/** Messages of errors may quote what they failed on. */
const longestMessage = 200

/** A closed set of parts: tiers, origins, audit sinks, key servers. */
export class StatusBoard {
  readonly #clock: Clock
  readonly #rows = new Map<string, Map<string, Row>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** It is there, and nothing is known against it. */
  add(kind: string, name: string): void {
    this.#row(kind, name)
  }

  failed(kind: string, name: string, error: unknown): void {
    this.erred(kind, name, error)
    this.#change(this.#row(kind, name), 'degraded')
  }

  works(kind: string, name: string): void {
    this.#change(this.#row(kind, name), 'ok')
  }

  /** What `failed` said, without a change of state: one failure of something that goes on. */
  erred(kind: string, name: string, error: unknown): void {
    const row = this.#row(kind, name)
    const message = error instanceof Error ? error.message : String(error)
    row.last_error = { at: this.#now(), message: message.slice(0, longestMessage) }
  }

  read(kind: string): Readonly<Record<string, Readonly<Row>>> {
    return Object.fromEntries([...(this.#rows.get(kind) ?? [])].map(([name, row]) => [name, { ...row }]))
  }

  #row(kind: string, name: string): Row {
    const rows = this.#rows.get(kind) ?? new Map<string, Row>()
    this.#rows.set(kind, rows)
    const row = rows.get(name) ?? { state: 'ok', since: this.#now(), last_error: null }
    rows.set(name, row)
    return row
  }

  #change(row: Row, state: Row['state']): void {
    if (row.state === state) return
    row.state = state
    row.since = this.#now()
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString()
  }
}

/** The same events, noted on the board as well. */
export function notingTiers(events: StoreEvents, board: StatusBoard): StoreEvents {
  return {
    ...events,
    failed: (tier, operation, error) => {
      board.erred('tiers', tier, error)
      events.failed(tier, operation, error)
    },
    breakerChanged: (tier, operation, state: BreakerState) => {
      if (state === 'open') board.failed('tiers', tier, `left alone for a while: its ${operation}s fail`)
      if (state === 'closed') board.works('tiers', tier)
      events.breakerChanged(tier, operation, state)
    },
  }
}

export function notingOrigins(events: OriginEvents, board: StatusBoard): OriginEvents {
  return {
    ...events,
    answered: (bucket, replica, status, durationMs) => {
      if (status === 'error') board.failed('origins', bucket, 'a request had no answer')
      else if (status >= 500) board.erred('origins', bucket, `a request was answered with ${status}`)
      else board.works('origins', bucket)
      events.answered(bucket, replica, status, durationMs)
    },
  }
}
