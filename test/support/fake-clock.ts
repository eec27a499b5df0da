import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../src/base/clock.ts'
import type { EpochMs } from '../../src/base/types.ts'

interface Alarm {
  readonly dueMs: number
  readonly ring: () => void
}

/** A clock that stands still until told to move. Wall time starts at 2026-01-01T00:00:00Z, monotonic time at 0. */
export class FakeClock implements Clock {
  #monotonicMs = 0
  #wallOffsetMs: number
  readonly #alarms = new Set<Alarm>()
  readonly #watchers = new Set<() => void>()
  readonly #repeated = new Set<{ readonly ms: number; dueMs: number; readonly ring: () => void }>()

  constructor(startsAt = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = startsAt
  }

  now(): EpochMs {
    return (this.#wallOffsetMs + this.#monotonicMs) as EpochMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  /** Alarms and sleeps that have not rung yet; what repeats is nothing that one waits for. */
  get waiting(): number {
    return this.#alarms.size
  }

  /** Resolves once at least `count` alarms and sleeps are waiting: what it is set for has come to wait. */
  async untilWaiting(count: number): Promise<void> {
    while (this.waiting < count) {
      await new Promise<void>((resolve) => this.#watchers.add(resolve))
    }
  }

  /**
   * Rings everything due in the next `ms` in order, each at its own time, and lets the code it wakes run before the next
   * one; what that code sets rings too when it falls due in time. Without anything due, time has moved when it returns.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonicMs + ms
    for (let next = this.#firstDue(until); next !== undefined; next = this.#firstDue(until)) {
      this.#monotonicMs = Math.max(this.#monotonicMs, next.dueMs)
      this.#alarms.delete(next)
      next.ring()
      await turn()
    }
    this.#monotonicMs = Math.max(this.#monotonicMs, until)
    for (const repeated of this.#repeated) {
      if (repeated.dueMs > this.#monotonicMs) continue
      repeated.dueMs = this.#monotonicMs + repeated.ms
      repeated.ring()
    }
  }

  /** Steps wall time, as an administrator or NTP does. Monotonic time and alarms do not notice. */
  stepWallTime(ms: number): void {
    this.#wallOffsetMs += ms
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = () => {
        callOff()
        reject(signal?.reason)
      }
      const callOff = this.alarm(ms, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  alarm(ms: number, ring: () => void): () => void {
    const alarm = { dueMs: this.#monotonicMs + ms, ring }
    this.#alarms.add(alarm)
    for (const noticed of this.#watchers) noticed()
    this.#watchers.clear()
    return () => this.#alarms.delete(alarm)
  }

  /** Rings once in each `advance` that reaches its time, however far that goes: a day is not 86,400 rings. */
  repeat(ms: number, ring: () => void): () => void {
    const repeated = { ms, dueMs: this.#monotonicMs + ms, ring }
    this.#repeated.add(repeated)
    return () => this.#repeated.delete(repeated)
  }

  /** Of two due at the same time, the one set first: a Set keeps insertion order. */
  #firstDue(until: number): Alarm | undefined {
    let first: Alarm | undefined
    for (const alarm of this.#alarms) {
      if (alarm.dueMs <= until && (first === undefined || alarm.dueMs < first.dueMs)) first = alarm
    }
    return first
  }
}
