/** How much memory everything that is being filled may hold at once, of all buckets together, with a part of it for each. */

import { Holding, SharedPlaces } from '../limits/shared-places.ts'
import { TwoLines } from '../limits/two-lines.ts'

/** Of 256 MiB, so that 9 large objects have 4 MiB each, and 110 more that make do with 2 need not wait. */
const plentyShare = 1 / 8

/** Gives back what was reserved; more than once does nothing. */
export type Unreserve = () => void

interface Applicant {
  readonly bytes: number
  grant(): void
}

interface Holder {
  /** Undefined once it has given back: V8 may remember who was in a Set, see decisions/0008. */
  pressed: (() => void) | undefined
}

/** What one bucket has of the budget, and who of it waits: also behind those who need more than there is. */
interface Account {
  readonly holding: Holding
  readonly line: TwoLines<Applicant>
}

export class FillBudget {
  readonly #places = new SharedPlaces()
  /** Those who came to something last are asked last. */
  readonly #accounts = new Map<string, Account>()
  readonly #holders = new Set<Holder>()
  #maxBytes: number
  #reservedBytes = 0
  #peakBytes = 0
  #waiting = 0

  /** `buckets`: those that share it; `SharedPlaces` says how. */
  constructor(maxBytes: number, buckets: readonly string[]) {
    this.#maxBytes = maxBytes
    this.adjust(maxBytes, buckets)
  }

  get maxBytes(): number {
    return this.#maxBytes
  }

  get reservedBytes(): number {
    return this.#reservedBytes
  }

  /** The most that has been reserved at a time. */
  get peakBytes(): number {
    return this.#peakBytes
  }

  /** How many wait: what is given back soon is of use to somebody. */
  get waiting(): number {
    return this.#waiting
  }

  /** Many share it: whoever can do with less should ask for less. */
  get isScarce(): boolean {
    return this.#reservedBytes > this.#maxBytes * plentyShare
  }

  /** From now on. What is reserved stays so. */
  adjust(maxBytes: number, buckets: readonly string[]): void {
    this.#maxBytes = maxBytes
    for (const bucket of buckets) this.#account(bucket)
    const sharing = new Set(buckets)
    for (const [bucket, { holding, line }] of this.#accounts) {
      if (!sharing.has(bucket) && holding.taken === 0 && line.isEmpty) this.#accounts.delete(bucket)
    }
    const split = (isSharing: boolean) =>
      [...this.#accounts].filter(([bucket]) => sharing.has(bucket) === isSharing).map(([, { holding }]) => holding)
    this.#places.divide(maxBytes, split(true), split(false))
    this.#grantWaiting()
  }

  /**
   * More than half of all there is counts as that half, which nobody is promised: so everybody's turn comes. A promise where
   * there is too little; it rejects with the signal's reason. `pressed`: called when somebody
   * begins to wait while this is held, and nobody did before. `isGoingOn`: it does not have to come before those who go on.
   */
  reserve(
    bucket: string,
    bytes: number,
    signal: AbortSignal,
    pressed: () => void,
    isGoingOn = false,
  ): Unreserve | Promise<Unreserve> {
    const counted = Math.min(bytes, Math.floor(this.#maxBytes / 2))
    const account = this.#account(bucket)
    if (this.#mayTake(account, counted) && this.#take(account, counted)) return this.#granted(account, counted, pressed)
    return this.#wait(account, { bytes: counted, isGoingOn }, signal, pressed)
  }

  /** Nobody waits who comes first. What is promised to a bucket is waited for by nobody else. */
  #mayTake({ holding, line }: Account, bytes: number): boolean {
    return this.#waiting === 0 || (line.isEmpty && holding.taken + bytes <= holding.promised)
  }

  #account(bucket: string): Account {
    const known = this.#accounts.get(bucket)
    if (known !== undefined) return known
    const account = { holding: new Holding(), line: new TwoLines<Applicant>() }
    this.#accounts.set(bucket, account)
    return account
  }

  #take({ holding }: Account, bytes: number): boolean {
    if (!this.#places.take(holding, bytes)) return false
    this.#reservedBytes += bytes
    this.#peakBytes = Math.max(this.#peakBytes, this.#reservedBytes)
    return true
  }

  #granted({ holding }: Account, bytes: number, pressed: () => void): Unreserve {
    const holder: Holder = { pressed } // one of its own: the same run may hold more than once
    this.#holders.add(holder)
    return () => {
      if (!this.#holders.delete(holder)) return
      holder.pressed = undefined
      this.#places.give(holding, bytes)
      this.#reservedBytes -= bytes
      this.#grantWaiting()
    }
  }

  #wait(
    account: Account,
    { bytes, isGoingOn }: { readonly bytes: number; readonly isGoingOn: boolean },
    signal: AbortSignal,
    pressed: () => void,
  ): Promise<Unreserve> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const leave = () => {
        account.line.leave(applicant)
        this.#waiting--
        reject(signal.reason)
        this.#grantWaiting() // those behind may need less
      }
      const applicant = {
        bytes,
        grant: () => {
          signal.removeEventListener('abort', leave)
          resolve(this.#granted(account, bytes, pressed))
        },
      }
      signal.addEventListener('abort', leave)
      account.line.join(applicant, isGoingOn)
      this.#waiting++
      this.#grantWaiting()
      if (this.#waiting === 1) for (const { pressed } of this.#holders) pressed?.()
    })
  }

  /** The buckets in turn. What is promised goes to its owner; the first one that finds too little else keeps that for itself. */
  #grantWaiting(): void {
    if (this.#waiting === 0) return
    let isCommonKept = false
    for (const [bucket, account] of [...this.#accounts]) {
      const { line, holding } = account
      for (let { first } = line; first !== undefined; { first } = line) {
        if (isCommonKept && holding.taken + first.bytes > holding.promised) break
        if (!this.#take(account, first.bytes)) {
          isCommonKept = true
          break
        }
        line.next()
        this.#waiting--
        this.#accounts.delete(bucket)
        this.#accounts.set(bucket, account)
        first.grant()
      }
    }
  }
}
