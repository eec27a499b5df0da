/** How the parts of the proxy are: what was last heard of each. Nothing here asks anybody. */

import type { Clock } from '../base/clock.ts'

/** What rows are of: origins by their buckets, tiers, audit sinks, and providers of keys by their URLs. */
export type PartKind = 'origins' | 'tiers' | 'audit' | 'jwks'

export interface Row {
  readonly state: 'ok' | 'degraded'
  /** For so long it has been in this state. */
  readonly since: string
  readonly last_error: { readonly at: string; readonly message: string } | null
  /** How long answers took: the last one, and on the average of late. Absent: there was none, or nobody measures. */
  readonly response_ms?: { readonly last: number; readonly mean: number }
}

/** What is told of the parts. */
export interface StatusNews {
  /** The parts that there are from now on. Nothing is known against those that are new; the others stay as they are. */
  use(kind: PartKind, names: readonly string[]): void
  /** `aspect`: what of it fails. It is degraded until all of that works. Without an error, the last one stands. */
  failed(kind: PartKind, name: string, error: unknown, aspect?: unknown): void
  works(kind: PartKind, name: string, aspect?: unknown): void
  /** What `failed` said, without a change of state: one failure of something that goes on. */
  erred(kind: PartKind, name: string, error: unknown): void
  answered(kind: PartKind, name: string, tookMs: number): void
}

/** Messages of errors may quote what they failed on. */
const longestMessage = 200

/** Parts that nobody has named, or has ceased to name, have no row: what is heard of them is dropped. */
export class StatusBoard implements StatusNews {
  readonly #clock: Clock
  readonly #parts: Readonly<Record<PartKind, Map<string, Part>>> = {
    origins: new Map(),
    tiers: new Map(),
    audit: new Map(),
    jwks: new Map(),
  }

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isDegraded(): boolean {
    return Object.values(this.#parts).some((parts) => [...parts.values()].some((part) => part.isIll))
  }

  use(kind: PartKind, names: readonly string[]): void {
    const parts = this.#parts[kind]
    for (const name of parts.keys()) if (!names.includes(name)) parts.delete(name)
    for (const name of names) if (!parts.has(name)) parts.set(name, new Part(this.#now()))
  }

  failed(kind: PartKind, name: string, error: unknown, aspect: unknown = ''): void {
    if (error !== undefined) this.erred(kind, name, error)
    this.#parts[kind].get(name)?.failed(aspect, this.#now())
  }

  works(kind: PartKind, name: string, aspect: unknown = ''): void {
    const part = this.#parts[kind].get(name)
    if (part?.isIll) part.works(aspect, this.#now())
  }

  erred(kind: PartKind, name: string, error: unknown): void {
    this.#parts[kind].get(name)?.erred(error, this.#now())
  }

  answered(kind: PartKind, name: string, tookMs: number): void {
    this.#parts[kind].get(name)?.answered(tookMs)
  }

  /** All of them, by kind and name. */
  rows(): Readonly<Record<PartKind, Readonly<Record<string, Row>>>> {
    const { origins, tiers, audit, jwks } = this.#parts
    return { origins: rowsOf(origins), tiers: rowsOf(tiers), audit: rowsOf(audit), jwks: rowsOf(jwks) }
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString()
  }
}

/** Of the mean, the last answer is so much: it tells of the last twenty or so. */
const weight = 0.1

class Part {
  readonly #failing = new Set<unknown>()
  #since: string
  #lastError: Row['last_error'] = null
  #lastMs: number | undefined
  #meanMs = 0

  constructor(since: string) {
    this.#since = since
  }

  get isIll(): boolean {
    return this.#failing.size > 0
  }

  get row(): Row {
    const { isIll } = this
    return {
      state: isIll ? 'degraded' : 'ok',
      since: this.#since,
      last_error: this.#lastError,
      ...(this.#lastMs !== undefined && { response_ms: { last: rounded(this.#lastMs), mean: rounded(this.#meanMs) } }),
    }
  }

  failed(aspect: unknown, now: string): void {
    if (!this.isIll) this.#since = now
    this.#failing.add(aspect)
  }

  works(aspect: unknown, now: string): void {
    if (this.#failing.delete(aspect) && !this.isIll) this.#since = now
  }

  erred(error: unknown, now: string): void {
    this.#lastError = { at: now, message: messageOf(error).slice(0, longestMessage) }
  }

  answered(tookMs: number): void {
    this.#meanMs = this.#lastMs === undefined ? tookMs : this.#meanMs + (tookMs - this.#meanMs) * weight
    this.#lastMs = tookMs
  }
}

function rowsOf(parts: ReadonlyMap<string, Part>): Readonly<Record<string, Row>> {
  return Object.fromEntries([...parts].map(([name, part]) => [name, part.row]))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** In microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
