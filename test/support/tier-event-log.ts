import type { StoreEvents } from '../../src/cache/tier.ts'

/** Writes down what tiers and stores report, one line each, such as `memory evicted media size`. */
export class TierEventLog implements StoreEvents {
  readonly lines: string[] = []

  hit(tier: string, bucket: string): void {
    this.lines.push(`${tier} hit ${bucket}`)
  }

  missed(tier: string, bucket: string): void {
    this.lines.push(`${tier} missed ${bucket}`)
  }

  evicted(tier: string, bucket: string, reason: string): void {
    this.lines.push(`${tier} evicted ${bucket} ${reason}`)
  }

  failed(tier: string, operation: string): void {
    this.lines.push(`${tier} failed ${operation}`)
  }

  /** Not written down: everything that works says so. */
  worked(): void {}

  dropped(tier: string): void {
    this.lines.push(`${tier} dropped`)
  }

  breakerChanged(tier: string, operation: string, state: string): void {
    this.lines.push(`${tier} breaker ${operation} ${state}`)
  }

  count(line: string): number {
    return this.lines.filter((written) => written === line).length
  }
}
