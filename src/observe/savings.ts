/** What the cache has saved and what the origin has cost, in dollars. */

import type { SavedCounts } from '../admin/ports.ts'
import { type Metrics, readAtScrape } from './metrics.ts'
import type { CounterFamily } from './value-families.ts'

/** In dollars. */
export interface Prices {
  readonly per1000Requests: number
  /** 10^9 bytes. */
  readonly perGb: number
}

type SavingsMetrics = Pick<
  Metrics,
  'requestsAvoided' | 'bytesAvoided' | 'costSaved' | 'costSpent' | 'originRequests' | 'originBytes'
>

/**
 * The request path counts requests and bytes; what they come to is added up when somebody looks, and before prices change:
 * sums in dollars only grow.
 */
export class Savings {
  readonly #metrics: SavingsMetrics
  readonly #saved: Account
  readonly #spent: Account
  #prices: Prices

  constructor(metrics: SavingsMetrics, prices: Prices) {
    const { requestsAvoided, bytesAvoided, costSaved, costSpent, originRequests, originBytes } = metrics
    this.#metrics = metrics
    this.#prices = prices
    this.#saved = new Account(costSaved, () => sums(requestsAvoided), bytesAvoided)
    this.#spent = new Account(costSpent, () => sums(originRequests, ({ status }) => status !== 'error'), originBytes)
    readAtScrape(costSaved, () => this.#saved.settle(this.#prices))
    readAtScrape(costSpent, () => this.#spent.settle(this.#prices))
  }

  /** From now on. */
  usePrices(prices: Prices): void {
    this.#settle()
    this.#prices = prices
  }

  /** Of one bucket, since the start. */
  of(bucket: string): SavedCounts {
    this.#settle()
    const { requestsAvoided, bytesAvoided, costSaved, costSpent } = this.#metrics
    return {
      requestsAvoided: requestsAvoided.read(bucket),
      bytesAvoided: bytesAvoided.read(bucket),
      dollarsSaved: costSaved.read(bucket),
      dollarsSpent: costSpent.read(bucket),
    }
  }

  #settle(): void {
    this.#saved.settle(this.#prices)
    this.#spent.settle(this.#prices)
  }
}

/** Requests and bytes by bucket, as far as they have become dollars. */
class Account {
  readonly #dollars: CounterFamily<'bucket'>
  readonly #requests: () => ReadonlyMap<string, number>
  readonly #bytes: CounterFamily<'bucket'>
  #settledRequests: ReadonlyMap<string, number> = new Map()
  #settledBytes: ReadonlyMap<string, number> = new Map()

  constructor(
    dollars: CounterFamily<'bucket'>,
    requests: () => ReadonlyMap<string, number>,
    bytes: CounterFamily<'bucket'>,
  ) {
    this.#dollars = dollars
    this.#requests = requests
    this.#bytes = bytes
  }

  settle({ per1000Requests, perGb }: Prices): void {
    this.#settledRequests = this.#charge(this.#requests(), this.#settledRequests, per1000Requests / 1000)
    this.#settledBytes = this.#charge(sums(this.#bytes), this.#settledBytes, perGb / 1e9)
  }

  #charge(counts: ReadonlyMap<string, number>, settled: ReadonlyMap<string, number>, price: number) {
    for (const [bucket, count] of counts) this.#dollars.cell(bucket).add((count - (settled.get(bucket) ?? 0)) * price)
    return counts
  }
}

/** By bucket, of those cells whose labels are wanted. */
function sums<Label extends string>(
  family: CounterFamily<Label | 'bucket'>,
  isWanted: (labels: Readonly<Record<Label | 'bucket', string>>) => boolean = () => true,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { labels, value } of family.readings()) {
    if (isWanted(labels)) counts.set(labels.bucket, (counts.get(labels.bucket) ?? 0) + value)
  }
  return counts
}
