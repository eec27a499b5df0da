/** What stands between the store and a tier that lies outside the process: limits of time, and breakers. */

import { type Admission, Breaker, type BreakerOptions } from '../base/breaker.ts'
import type { Clock } from '../base/clock.ts'
import { type CacheTier, type StoreEvents, type TierOperation, TierUnavailable } from './tier.ts'

/** So many operations may be overdue at a time; each may hold a record of 1 MiB. */
const maxOverdue = 32

/**
 * An operation that takes longer than `ms` rejects. The tier is left to finish it, in the order it was called, so that what
 * comes later for the same id comes after it. While `maxOverdue` of them are unfinished nothing more is begun: a tier that
 * hangs must not gather records. `clear` and `each` take as long as there are records.
 */
export function withDeadline(tier: CacheTier, ms: number, clock: Clock): CacheTier {
  let overdue = 0

  function within<T>(operation: string, act: () => Promise<T>): Promise<T> {
    if (overdue >= maxOverdue) {
      return Promise.reject(new Error(`${operation}: ${overdue} earlier operations have not ended yet`))
    }
    return new Promise<T>((resolve, reject) => {
      let isOverdue = false
      const callOff = clock.alarm(ms, () => {
        isOverdue = true
        overdue++
        reject(new Error(`${operation} took longer than ${ms} ms`))
      })
      const end = () => {
        if (isOverdue) overdue--
        else callOff()
      }
      act().then(
        (result) => {
          end()
          resolve(result)
        },
        (error: unknown) => {
          end()
          reject(error)
        },
      )
    })
  }

  return {
    name: tier.name,
    get: (id) => within('get', () => tier.get(id)),
    getNow: (id) => (overdue >= maxOverdue ? undefined : tier.getNow?.(id)),
    lendNow: (id) => (overdue >= maxOverdue ? undefined : tier.lendNow?.(id)),
    has: (id) => within('has', () => tier.has(id)),
    put: (id, record) => within('put', () => tier.put(id, record)),
    remove: (id) => within('remove', () => tier.remove(id)),
    clear: (scope, onRemoved) => tier.clear(scope, onRemoved),
    each: (scope, visit) => tier.each(scope, visit),
    peek: (id) => within('peek', () => tier.peek(id)),
    usage: () => tier.usage(),
    close: () => tier.close(),
  }
}

/** Tells how long what worked has taken; a failure is told by whoever catches it. */
export function withTiming(tier: CacheTier, clock: Clock, events: Pick<StoreEvents, 'worked'>): CacheTier {
  async function timed<T>(operation: TierOperation, act: () => Promise<T>): Promise<T> {
    const startedMs = clock.monotonicMs()
    const result = await act()
    events.worked(tier.name, operation, clock.monotonicMs() - startedMs)
    return result
  }

  function timedNow<T>(read: () => T | undefined): T | undefined {
    const startedMs = clock.monotonicMs()
    const found = read()
    if (found !== undefined) events.worked(tier.name, 'get', clock.monotonicMs() - startedMs)
    return found
  }

  return {
    name: tier.name,
    get: (id) => timed('get', () => tier.get(id)),
    getNow: (id) => timedNow(() => tier.getNow?.(id)),
    lendNow: (id) => timedNow(() => tier.lendNow?.(id)),
    has: (id) => tier.has(id),
    put: (id, record) => timed('put', () => tier.put(id, record)),
    remove: (id) => timed('remove', () => tier.remove(id)),
    clear: (scope, onRemoved) => timed('remove', () => tier.clear(scope, onRemoved)),
    each: (scope, visit) => tier.each(scope, visit),
    peek: (id) => tier.peek(id),
    usage: () => tier.usage(),
    close: () => tier.close(),
  }
}

export interface Breakers {
  /** Of everything but writing: a full disk or a full Redis still answers. */
  readonly reads: Breaker
  readonly writes: Breaker
}

/**
 * While a breaker is open `get` and `has` are a miss, at once. The others reject with `TierUnavailable`, so that the caller
 * knows that an older record may still be there: a write is then counted as dropped, a removal stays owed, and a tier that
 * nobody looked at is not taken for an empty one. What rejects is a failure;
 * a miss is none. A failure that took `tripAfterMs` opens the breaker by itself: no request waits twice for a tier that hangs.
 */
export function withBreakers(
  tier: CacheTier,
  { reads, writes }: Breakers,
  tripAfterMs: number,
  clock: Clock,
): CacheTier {
  // One for all refusals: there can be thousands in a second.
  const unavailable = new TierUnavailable(`the ${tier.name} tier is left alone while its breaker is open`)

  async function tried<T>(breaker: Breaker, admission: Admission, act: () => Promise<T>): Promise<T> {
    const startedMs = clock.monotonicMs()
    try {
      const result = await act()
      breaker.succeeded(admission)
      return result
    } catch (error) {
      // Counted here, told by the store.
      if (clock.monotonicMs() - startedMs >= tripAfterMs) breaker.trip(admission)
      else breaker.failed(admission)
      throw error
    }
  }

  async function read<T>(missing: T, act: () => Promise<T>): Promise<T> {
    const admission = reads.admit()
    return admission === undefined ? missing : tried(reads, admission, act)
  }

  function readNow<T>(act: () => T | undefined): T | undefined {
    // While it is half open, what `get` tries has to show whether the tier works.
    const admission = reads.state === 'closed' ? reads.admit() : undefined
    if (admission === undefined) return undefined
    const found = act()
    if (found !== undefined) reads.succeeded(admission)
    return found
  }

  async function required<T>(breaker: Breaker, act: () => Promise<T>): Promise<T> {
    const admission = breaker.admit()
    if (admission === undefined) throw unavailable
    return tried(breaker, admission, act)
  }

  return {
    name: tier.name,
    get: (id) => read(undefined, () => tier.get(id)),
    getNow: (id) => readNow(() => tier.getNow?.(id)),
    lendNow: (id) => readNow(() => tier.lendNow?.(id)),
    has: (id) => read(false, () => tier.has(id)),
    put: (id, record) => required(writes, () => tier.put(id, record)),
    remove: (id) => required(reads, () => tier.remove(id)),
    clear: (scope, onRemoved) => required(reads, () => tier.clear(scope, onRemoved)),
    each: (scope, visit) => required(reads, () => tier.each(scope, visit)),
    peek: (id) => required(reads, () => tier.peek(id)),
    usage: () => tier.usage(),
    close: () => tier.close(),
  }
}

/** One probe a second costs next to nothing, and finds soon that a tier works again. */
const breakerOptions: BreakerOptions = {
  failureThreshold: 5,
  rate: { share: 0.5, windowMs: 10_000, minOutcomes: 20 },
  openForMs: 1000,
  maxProbes: 2,
  successThreshold: 2,
}

export interface GuardPorts {
  readonly clock: Clock
  readonly events: StoreEvents
}

/** A tier whose operations may take `limitMs`, which it keeps by itself when `keepsTime`. */
export function guarded(
  tier: CacheTier,
  limitMs: number,
  keepsTime: boolean,
  { clock, events }: GuardPorts,
): CacheTier {
  const { name } = tier
  const breaker = (operation: 'get' | 'put') =>
    new Breaker(breakerOptions, clock, (state) => events.breakerChanged(name, operation, state))
  const timely = keepsTime ? tier : withDeadline(tier, limitMs, clock)
  const breakers = { reads: breaker('get'), writes: breaker('put') }
  // An operation that was cut off by a timer was cut off a little early or late.
  return withBreakers(withTiming(timely, clock, events), breakers, limitMs * 0.9, clock)
}
