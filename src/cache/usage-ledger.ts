import type { RecordId } from '../base/types.ts'
import { bucketOf } from './cache-key.ts'
import type { TierUsage, Usage } from './tier.ts'

interface Account {
  items: number
  bytes: number
}

/** What a tier holds, in total and by bucket, kept by double entry: every record that comes in is booked out when it goes. */
export class UsageLedger {
  readonly #total: Account = { items: 0, bytes: 0 }
  /** A bucket that was emptied keeps its row of zeros, so that its gauges go to zero too. Names come from the config. */
  readonly #buckets = new Map<string, Account>()

  came(id: RecordId, bytes: number): void {
    this.#book(bucketOf(id), 1, bytes)
  }

  left(id: RecordId, bytes: number): void {
    this.#book(bucketOf(id), -1, -bytes)
  }

  /** A copy: what happens later does not change it. */
  read(maxBytes: number): TierUsage {
    const buckets = new Map<string, Usage>()
    for (const [bucket, account] of this.#buckets) buckets.set(bucket, { ...account })
    return { ...this.#total, maxBytes, buckets }
  }

  #book(bucket: string, items: number, bytes: number): void {
    let account = this.#buckets.get(bucket)
    if (account === undefined) {
      account = { items: 0, bytes: 0 }
      this.#buckets.set(bucket, account)
    }
    account.items += items
    account.bytes += bytes
    this.#total.items += items
    this.#total.bytes += bytes
  }
}
