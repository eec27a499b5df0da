/** What threads of one process have in common, as one of them sees it. */

import type { DenialWatch } from '../audit/denial-watch.ts'
import type { Webhooks } from '../audit/webhook.ts'
import type { Clock } from '../base/clock.ts'
import type { PurgeLog } from '../cache/purge-log.ts'
import type { CacheTier, StoreEvents } from '../cache/tier.ts'
import type { Config, LayerConfig, WebhookConfig } from '../config/config.ts'
import { createSlots, type SlotOptions, type Slots } from '../limits/concurrency.ts'
import type { RateLimiter } from '../limits/rate-limiter.ts'
import type { Peers } from '../objects/peers.ts'
import type { RunTable } from '../objects/run-table.ts'
import { createMetrics, type Metrics } from '../observe/metrics.ts'
import { arenaFor, arenaTier } from './arena.ts'
import { type AuditPorts, type OpenedAudit, openAudit } from './audit.ts'

/** Each part is either made here, or stands for what another thread has. */
export interface Seat {
  /** 0: the one that has what threads share, and measures it, or the only one. */
  readonly thread: number
  /** The part of this thread in what all of them may have together, such as connections to an origin. */
  shareOf(total: number): number
  /** First of all, and at once: what other threads have purged holds here from the beginning. */
  joinPurges(log: PurgeLog): void
  createMetrics(build: { readonly version: string; readonly node: string }): Metrics
  openAudit(config: Config, ports: AuditPorts): Promise<OpenedAudit | undefined>
  /** Undefined: the tier is made of this thread's own tables and files. */
  sharedTier(layer: LayerConfig, events: StoreEvents): CacheTier | undefined
  /** Undefined: there are no others. After `joinPurges`. */
  peers(): Peers | undefined
  /** Others may read along what this thread asks of origins. */
  lend(runs: RunTable): void
  createSlots(options: SlotOptions, ports: { readonly clock: Clock }): Slots
  /** `settings`: what tells limiters apart. `local`: one that counts for this thread alone. */
  limiter(settings: unknown, make: { own(): RateLimiter; local(): RateLimiter }): RateLimiter
  /** `own`: one that tells of those who are turned away again and again. */
  denials(own: () => DenialWatch): DenialWatch
  webhooks(hooks: readonly WebhookConfig[], own: () => Webhooks): Webhooks
}

/** Of a process that serves requests on one thread. */
export function seatOfAll(config: Config): Seat {
  const arena = arenaFor(config, 1)
  return { ...soleSeat, sharedTier: (layer, events) => arenaTier(layer, arena, 0, events) }
}

/** What a thread makes for itself where it does not share it. */
export const soleSeat: Omit<Seat, 'sharedTier'> = {
  thread: 0,
  shareOf: (total) => total,
  joinPurges: () => undefined,
  createMetrics,
  openAudit,
  peers: () => undefined,
  lend: () => undefined,
  createSlots,
  limiter: (_settings, { own }) => own(),
  denials: (own) => own(),
  webhooks: (_hooks, own) => own(),
}
