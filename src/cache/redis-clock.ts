/**
 * What the Redis server's clock says compared with ours. Times in shared records are in the server's clock, so that
 * proxies whose own clocks differ agree on how old a record is.
 */

import type { Clock } from '../base/clock.ts'
import { RedisFailure } from '../redis/failure.ts'

interface Offset {
  /** What to add to our time to get the server's. */
  readonly shiftMs: number
  /** It is off by no more. */
  readonly errorMs: number
  readonly takenAtMs: number
  readonly takenAtMonotonicMs: number
}

const samples = 3
const everyMs = 60_000
/** Three measurements may fail; quartz drifts some 100 ppm, a fiftieth of a second in that time. */
const usableForMs = 3 * everyMs + 10_000
/** The error is at most half the round trip. */
const longestRoundTripMs = 1000
/** An offset known so well is changed only by a measurement that contradicts it. */
const goodErrorMs = 50
/** When wall time and monotonic time disagree by more, one of them has jumped (a step of NTP, a machine suspended). */
const jumpMs = 250

export class RedisClock {
  readonly #ask: () => Promise<number>
  readonly #clock: Clock
  readonly #callOff: () => void
  #offset: Offset | undefined
  #measuring: Promise<void> | undefined
  /** Counts what made earlier answers worthless, so that a measurement under way then does not count. */
  #era = 0

  /** `ask` gives the server's time in milliseconds, in one round trip. */
  constructor(ask: () => Promise<number>, clock: Clock) {
    this.#ask = ask
    this.#clock = clock
    this.#callOff = clock.repeat(everyMs, () => void this.measure())
  }

  /** An integer. Throws while it is not known. */
  get shiftMs(): number {
    if (this.#offset === undefined || !this.#isUsable(this.#offset)) {
      void this.measure()
      throw new RedisFailure('not-connected', 'the clock of redis is not known yet')
    }
    return this.#offset.shiftMs
  }

  /** Perhaps it is another server now. */
  forget(): void {
    this.#era += 1
    this.#offset = undefined
    this.#measuring = undefined
  }

  /** Never rejects: without an answer what was known before stays, while it is usable. */
  measure(): Promise<void> {
    this.#measuring ??= this.#measure(this.#era)
    return this.#measuring
  }

  close(): void {
    this.#callOff()
    this.forget()
  }

  async #measure(era: number): Promise<void> {
    let bestMs = longestRoundTripMs
    let best: Offset | undefined
    for (let index = 0; index < samples; index++) {
      const [nowMs, startMs] = [this.#clock.now(), this.#clock.monotonicMs()]
      const serverMs = await this.#ask().catch(() => undefined)
      if (era !== this.#era) return
      const roundTripMs = this.#clock.monotonicMs() - startMs
      if (serverMs === undefined || roundTripMs > bestMs) continue
      bestMs = roundTripMs
      const shiftMs = Math.round(serverMs - (nowMs + roundTripMs / 2))
      // Wall time comes in whole milliseconds.
      best = { shiftMs, errorMs: roundTripMs / 2 + 1, takenAtMs: nowMs, takenAtMonotonicMs: startMs }
    }
    this.#measuring = undefined
    if (best !== undefined) this.#adopt(best)
  }

  /** What agrees with the offset known so far confirms it: times that went out come back the same. */
  #adopt(offset: Offset): void {
    const known = this.#offset
    const isConfirmed =
      known !== undefined &&
      known.errorMs <= goodErrorMs &&
      Math.abs(offset.shiftMs - known.shiftMs) <= offset.errorMs + known.errorMs
    this.#offset = isConfirmed ? { ...offset, shiftMs: known.shiftMs, errorMs: known.errorMs } : offset
  }

  #isUsable({ takenAtMs, takenAtMonotonicMs }: Offset): boolean {
    const ageMs = this.#clock.monotonicMs() - takenAtMonotonicMs
    const wallAgeMs = this.#clock.now() - takenAtMs
    return ageMs <= usableForMs && Math.abs(wallAgeMs - ageMs) <= jumpMs
  }
}
