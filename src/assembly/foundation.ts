/** What outlives every configuration: tiers and what is read through them, counters, files that are open. */

import type { Worker } from 'node:worker_threads'
import { createWebhooks, type Webhooks } from '../audit/webhook.ts'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { BodyRooms } from '../cache/body-rooms.ts'
import { PurgeLog } from '../cache/purge-log.ts'
import { purgesKeptForMs } from '../cache/redis-purge-set.ts'
import type { CacheTier, TierGuard } from '../cache/tier.ts'
import { createTieredStore, type RecordStore } from '../cache/tiered-store.ts'
import type { BucketConfig, Config, LayerConfig, WebhookConfig } from '../config/config.ts'
import { fillBytesOf } from '../config/memory-budget.ts'
import type { SlotOptions, Slots } from '../limits/concurrency.ts'
import type { RateLimiter } from '../limits/rate-limiter.ts'
import { FillBudget } from '../objects/fill-budget.ts'
import { FlightTable } from '../objects/flight.ts'
import { ObjectOpener } from '../objects/open-object.ts'
import { RunTable } from '../objects/run-table.ts'
import { UncacheableMemory } from '../objects/uncacheable-memory.ts'
import { sinkEvents, webhookReports } from '../observe/audit-events.ts'
import { watchDiskSpace } from '../observe/disk-space.ts'
import { KeyAges } from '../observe/key-ages.ts'
import type { LogOutput } from '../observe/logger.ts'
import { watchMemory } from '../observe/memory-parts.ts'
import { type Metrics, readAtScrape } from '../observe/metrics.ts'
import { originEvents, tierEvents, watchUsage } from '../observe/record-events.ts'
import { Savings } from '../observe/savings.ts'
import type { SpanSink } from '../observe/span.ts'
import type { StatusNews } from '../observe/status-board.ts'
import { keysName, notingOrigins, notingTiers } from '../observe/status-notes.ts'
import { watchThread } from '../observe/thread-load.ts'
import type { Origin, OriginEvents } from '../origin/origin.ts'
import type { S3Listing } from '../origin/s3-listing.ts'
import type { Verifier } from './admission.ts'
import { closeAudit, type OpenedAudit, sinksOf } from './audit.ts'
import { memoryParts } from './memory-in-use.ts'
import { OriginHealth } from './origin-health.ts'
import { type Seat, seatOfAll } from './seat.ts'
import { SharedParts } from './shared-parts.ts'
import { openTiers } from './tiers.ts'
import { PoolPressure } from './warming.ts'

/** Slices are taken and given back in turn: few lie idle. */
const idleSliceBytes = 4 * 2 ** 20

export interface FoundationPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: LogOutput
  readonly version: string
  /** Told how parts are. */
  readonly board: StatusNews
  readonly tierGuard?: TierGuard
  /** Absent: there is one thread. */
  readonly seat?: Seat
  /** Told of each thread that is started to serve requests: for tests that end them. */
  readonly spawned?: (worker: Worker) => void
}

export interface Foundation extends FoundationPorts {
  readonly seat: Seat
  readonly metrics: Metrics
  readonly keyAges: KeyAges
  readonly savings: Savings
  readonly audit: OpenedAudit | undefined
  readonly purges: PurgeLog
  /** Those that the store asks. */
  readonly tiers: readonly CacheTier[]
  readonly store: RecordStore
  readonly runs: RunTable
  readonly uncacheable: UncacheableMemory
  readonly opener: ObjectOpener
  readonly pressure: PoolPressure
  readonly originEvents: OriginEvents
  readonly health: OriginHealth
  /** Shared by configurations whose settings for them are equal. */
  readonly origins: SharedParts<Origin>
  readonly listings: SharedParts<S3Listing>
  readonly verifiers: SharedParts<Verifier>
  readonly limiters: SharedParts<RateLimiter>
  readonly webhooks: SharedParts<Webhooks>
  readonly spanSinks: SharedParts<SpanSink>
  makeWebhooks(hooks: readonly WebhookConfig[]): Webhooks
  /** From now on: by whose policies records are judged that outlive the process, and what buckets share. */
  use(config: Config): void
  /** How many requests at once. */
  readonly slots: Slots
  /** Resolves when what lies on the disk is no older than the purges of others that are known. */
  readonly heard: Promise<void>
  close(): Promise<void>
}

/** Rejects when a tier or what waits for audit belongs to another process. What else is wrong with a tier makes it a miss until it is mended. */
export async function openFoundation(config: Config, ports: FoundationPorts): Promise<Foundation> {
  const { clock, random, log, version, board, seat = seatOfAll(config) } = ports
  const { logger } = log
  const purges = new PurgeLog(clock, random, Math.max(0, ...config.layers.map(longestStayMs)))
  seat.joinPurges(purges)
  const metrics = seat.createMetrics({ version, node: process.version })
  watchThread(metrics, seat.thread)
  board.use(
    'tiers',
    config.layers.map(({ kind }) => kind),
  )
  board.use('audit', config.audit === undefined ? [] : sinksOf(config.audit))
  const audit = await seat.openAudit(config, { clock, random, events: sinkEvents(metrics, logger, board) })
  let { buckets } = config

  const heard = Promise.withResolvers<void>()
  if (!mayHaveMissedPurges(config.layers)) heard.resolve()
  const events = notingTiers(tierEvents(metrics, logger, clock), board)
  const policyOf = (bucket: string) => buckets.find(({ name }) => name === bucket)?.policy
  const tiers = await openTiers(config.layers, policyOf, events, {
    ...ports,
    seat,
    purges,
    heard: heard.resolve,
  }).catch(async (error: unknown) => {
    await closeAudit(audit) // nobody will use it: it must not keep the process alive
    throw error
  })
  const store = createTieredStore(tiers, events, clock, purges, (total) => seat.shareOf(total))
  const usage = seat.thread === 0 ? () => store.usage() : () => []
  watchUsage(metrics, usage)
  for (const { kind, options } of config.layers)
    if (kind === 'disk' && seat.thread === 0) watchDiskSpace(metrics, options.folder)
  const keyAges = new KeyAges(clock)
  readAtScrape(metrics.jwksAge, () => {
    metrics.jwksAge.cell().set(keyAges.oldestMs / 1000)
  })

  const pressure = new PoolPressure(clock)
  const counted = pressure.watch(notingOrigins(originEvents(metrics, logger), board))
  const health = new OriginHealth(counted, {
    gone: (bucket, replica) => metrics.circuitBreaker.remove(bucket, replica),
    moved: (bucket) => board.works('origins', bucket),
  })
  const budget = new FillBudget(seat.shareOf(fillBytesOf(config.server.memory)), namesOf(buckets))
  const peers = seat.peers()
  const rooms = store.copiesPuts ? new BodyRooms(idleSliceBytes) : undefined
  const runs = new RunTable({ store, clock, budget, peers, rooms })
  seat.lend(runs)
  const uncacheable = new UncacheableMemory(clock)
  const slots = seat.createSlots(slotOptions(config), { clock })
  const savings = new Savings(metrics, config.observability.prices)
  const [verifiers, limiters] = [new SharedParts<Verifier>(), new SharedParts<RateLimiter>()]
  let { memory } = config.server
  const inUse = { tiers: usage, writes: () => store.writes(), fills: budget, verifiers, limiters }
  watchMemory(metrics, () => memoryParts(inUse, memory))
  return {
    ...ports,
    ...{ seat, metrics, keyAges, savings, audit, purges, tiers, store, runs, uncacheable, pressure },
    opener: new ObjectOpener({ store, runs, clock, uncacheable, purges, peers, flights: new FlightTable() }),
    originEvents: counted,
    health,
    heard: heard.promise,
    slots,
    origins: new SharedParts(),
    listings: new SharedParts(),
    verifiers,
    limiters,
    webhooks: new SharedParts(),
    spanSinks: new SharedParts(),
    makeWebhooks: (hooks) =>
      seat.webhooks(hooks, () =>
        createWebhooks(hooks, { clock, random, reports: webhookReports(metrics, logger, hooks) }),
      ),
    use(current) {
      buckets = current.buckets
      slots.adjust(slotOptions(current))
      savings.usePrices(current.observability.prices)
      // The tiers stay as they were opened, and so does what they take.
      const { tierBytes, indexBytes } = config.server.memory
      memory = { ...current.server.memory, tierBytes, indexBytes }
      budget.adjust(seat.shareOf(fillBytesOf(memory)), namesOf(buckets))
      board.use('origins', namesOf(buckets))
      board.use('jwks', keyUrls(current).map(keysName))
      health.keep(namesOf(buckets))
    },
    async close() {
      await runs.close()
      await store.close()
    },
  }
}

/** What lies on its disk a proxy has kept while others purged through Redis, and it was away. */
function mayHaveMissedPurges(layers: readonly LayerConfig[]): boolean {
  return ['disk', 'redis'].every((kind) => layers.some((layer) => layer.kind === kind))
}

/** Where keys are fetched from, for whomever. */
function keyUrls({ buckets, admin }: Config): readonly string[] {
  const used = [...buckets.map(({ access }) => access.jwt), ...buckets.map((bucket) => bucket.admin?.jwt)]
  const keys = [...used, ...(admin?.access ?? []).map(({ jwt }) => jwt)].map((jwt) => jwt?.keys)
  return keys.flatMap((one) => (one?.kind === 'jwks' ? [one.url] : []))
}

/** How long records may lie in a tier that is not searched for what is purged. */
function longestStayMs(layer: LayerConfig): number {
  return layer.kind === 'redis' ? purgesKeptForMs(layer.options.ttlMs) : 0
}

const namesOf = (buckets: readonly BucketConfig[]) => buckets.map(({ name }) => name)

function slotOptions({ server, buckets }: Config): SlotOptions {
  const { maxConcurrentRequests: max, queueSize: queue, requestTimeoutMs: waitLimitMs } = server
  return { max, queue, waitLimitMs, buckets: namesOf(buckets) }
}
