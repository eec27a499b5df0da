/**
 * The keys of an identity provider, fetched and kept up to date in the background. What sets off a fetch:
 *
 *   the start, and each end of a wait    a wait follows each of these: the interval after a success, else a growing delay
 *   a token with an unknown `kid`        at most every ten seconds, and only once there are keys
 *
 * There is never more than one fetch at a time, and whoever needs another one while it lasts waits for it first.
 */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { fingerprintOf, importJwks } from './jwk-import.ts'
import { fetchJson, jwksUrlProblem } from './jwks-fetch.ts'
import type { KeyCandidates, KeyHint, KeySet, VerificationKey } from './key-set.ts'
import { isFor } from './static-keys.ts'

export interface JwksOptions {
  readonly url: string
  /** Keys are fetched anew within this time. */
  readonly refreshIntervalMs: number
}

export interface JwksEvents {
  /** `keys`: how many of the answer can be used. */
  fetched(keys: number): void
  /** The keys stay what they were. */
  failed(error: unknown): void
  /** Nobody wants them any more. */
  closed(): void
}

export interface JwksPorts {
  readonly clock: Clock
  readonly random: Random
  readonly events: JwksEvents
}

/** For a whole fetch. A token with an unknown `kid` waits for one, or for two when another was under way. */
const fetchMs = 5_000
const betweenUnknownMs = 10_000
const firstRetryMs = 1_000
const longestRetryMs = 30_000
/** What timers can take; they ring at once when set for longer. */
const longestWaitMs = 2 ** 31 - 1

/** Begins to fetch at once. Throws when keys must not be fetched from `options.url`. */
export function createJwks(options: JwksOptions, ports: JwksPorts): KeySet {
  const url = new URL(options.url)
  const problem = jwksUrlProblem(url)
  if (problem !== undefined) throw new Error(`the address of the key set ${problem}`)
  const jwks = new Jwks(url, options.refreshIntervalMs, ports)
  void jwks.refresh()
  return jwks
}

class Jwks implements KeySet {
  readonly #url: URL
  readonly #intervalMs: number
  readonly #ports: JwksPorts
  readonly #closing = new AbortController()
  #keys: readonly VerificationKey[] | undefined
  #fingerprint = ''
  #generation = 0
  #failures = 0
  #fetching: Promise<void> | undefined
  #unknownAskedAtMs = Number.NEGATIVE_INFINITY
  #callOffRefresh: () => void = () => undefined

  constructor(url: URL, intervalMs: number, ports: JwksPorts) {
    this.#url = url
    this.#intervalMs = intervalMs
    this.#ports = ports
  }

  get generation(): number {
    return this.#generation
  }

  candidates(hint: KeyHint): KeyCandidates | Promise<KeyCandidates> {
    if (this.#keys === undefined) return 'none-yet'
    return this.#knows(hint) ? this.#fitting(hint) : this.#askAboutUnknown(hint)
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the key set is closed'))
    this.#callOffRefresh()
    await this.#fetching
    this.#ports.events.closed()
  }

  /** Never rejects. */
  async refresh(): Promise<void> {
    await this.#fetch()
    if (this.#closing.signal.aborted) return
    this.#callOffRefresh = this.#ports.clock.alarm(this.#nextWaitMs(), () => void this.refresh())
  }

  /** Without a `kid` there is nothing that new keys would have to be asked for. */
  #knows({ id }: KeyHint): boolean {
    return id === undefined || this.#keys?.some((key) => key.id === id) === true
  }

  #fitting(hint: KeyHint): readonly VerificationKey[] {
    return this.#keys?.filter((key) => isFor(key, hint)) ?? []
  }

  async #askAboutUnknown(hint: KeyHint): Promise<readonly VerificationKey[]> {
    // A fetch under way may have been answered before the key came to be: its news alone settles nothing.
    await this.#fetching
    if (!this.#knows(hint)) await (this.#fetching ?? this.#fetchForUnknown())
    return this.#fitting(hint)
  }

  #fetchForUnknown(): Promise<void> | undefined {
    const now = this.#ports.clock.monotonicMs()
    if (now - this.#unknownAskedAtMs < betweenUnknownMs) return undefined
    this.#unknownAskedAtMs = now
    return this.#fetch()
  }

  /** Joins the fetch under way. Never rejects. */
  #fetch(): Promise<void> {
    this.#fetching ??= this.#fetchAlone().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #fetchAlone(): Promise<void> {
    const { clock, events } = this.#ports
    const deadline = new AbortController()
    const callOff = clock.alarm(fetchMs, () => deadline.abort(new Error(`no key set within ${fetchMs} ms`)))
    const signal = AbortSignal.any([deadline.signal, this.#closing.signal])
    try {
      const keys = importJwks(await fetchJson(this.#url, signal))
      // More likely a provider in trouble than one that means to lock everybody out.
      if (keys.length === 0) throw new Error('the key set has no key that can be used')
      this.#accept(keys)
      this.#failures = 0
      events.fetched(keys.length)
    } catch (error) {
      // Told and tried again: old keys stay, and requests are answered by them.
      this.#failures += 1
      if (!this.#closing.signal.aborted) events.failed(signal.aborted ? signal.reason : error)
    } finally {
      callOff()
    }
  }

  /** The same keys stay the same objects, so that nothing verified with them is forgotten. */
  #accept(keys: readonly VerificationKey[]): void {
    const fingerprint = fingerprintOf(keys)
    if (fingerprint === this.#fingerprint) return
    this.#keys = keys
    this.#fingerprint = fingerprint
    this.#generation += 1
  }

  /** Part of each wait is chance, so that many proxies do not ask all at once. */
  #nextWaitMs(): number {
    const share = this.#ports.random.float()
    if (this.#failures === 0) return Math.min(longestWaitMs, this.#intervalMs * (1 - share / 10))
    const delayMs = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(this.#failures - 1, 16))
    return delayMs * (0.5 + share / 2)
  }
}
