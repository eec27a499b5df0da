import type { Clock } from '../base/clock.ts'

export interface QueueBounds {
  /** Records that wait or are being written, and what they cost in memory. */
  readonly maxRecords: number
  readonly maxBytes: number
}

interface Applicant {
  readonly bytes: number
  readonly decide: (hasRoom: boolean) => void
  readonly callOff: () => void
}

/** Room in a queue. Whoever finds none may stand in line for it. */
export class QueueRoom {
  readonly #bounds: QueueBounds
  readonly #clock: Clock
  readonly #line = new Set<Applicant>()
  #records = 0
  #bytes = 0

  constructor(bounds: QueueBounds, clock: Clock) {
    this.#bounds = bounds
    this.#clock = clock
  }

  get bytes(): number {
    return this.#bytes
  }

  /** False: there is none. Goes past the line: a head is small enough for what is too little for a slice. */
  take(bytes: number): boolean {
    const { maxRecords, maxBytes } = this.#bounds
    if (this.#records >= maxRecords || this.#bytes + bytes > maxBytes) return false
    this.#records += 1
    this.#bytes += bytes
    return true
  }

  /** `decide` is called once: with true when room was taken, perhaps at once; with false when there was none for `limitMs`. */
  takeWithin(limitMs: number, bytes: number, decide: (hasRoom: boolean) => void): void {
    const isTaken = this.#line.size === 0 && this.take(bytes)
    if (isTaken || bytes > this.#bounds.maxBytes) decide(isTaken)
    else this.#standInLine(limitMs, bytes, decide)
  }

  give(bytes: number): void {
    this.#records -= 1
    this.#bytes -= bytes
    for (const applicant of this.#line) {
      if (!this.take(applicant.bytes)) return
      this.#line.delete(applicant)
      applicant.callOff()
      applicant.decide(true)
    }
  }

  #standInLine(limitMs: number, bytes: number, decide: (hasRoom: boolean) => void): void {
    const callOff = this.#clock.alarm(limitMs, () => {
      this.#line.delete(applicant)
      decide(false)
    })
    const applicant = { bytes, decide, callOff }
    this.#line.add(applicant)
  }
}
