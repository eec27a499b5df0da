/** Every metric, declared once; docs/metrics.md is made from these declarations. */

import { createRequire } from 'node:module'
import { InstrumentSet } from './instruments.ts'
import { Registry } from './registry.ts'
import type { ValueMemory } from './series.ts'
import type { Family } from './series-family.ts'

const require = createRequire(import.meta.url)
/** For the thread that shows Node's own metrics: it takes some 10 MB. */
const load = (): typeof import('prom-client') => require('prom-client')

/** From a memory hit to an origin at its time limit; few, as each bucket has them for all that the cache can do. */
const requestBounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10]

/** From a read out of the page cache to a disk or a Redis at its deadline. */
const tierBounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

export type Metrics = ReturnType<typeof createMetrics>

/** `shared`: of a worker, whose values the main thread shows; those of Node's own metrics are of the main thread alone. */
export function createMetrics(build: { readonly version: string; readonly node: string }, shared?: ValueMemory) {
  const registry = new Registry(shared === undefined ? nodeMetrics() : undefined)
  const metrics = declareMetrics(new InstrumentSet(registry, shared))
  metrics.buildInfo.cell(build.version, build.node).set(1)
  // Alerts look for an increase, and a series that begins at 1 shows none.
  for (const outcome of ['applied', 'refused']) metrics.configReloads.cell(outcome)
  metrics.rejectedRequests.cell('overload')
  return { registry, ...metrics }
}

function nodeMetrics() {
  const { collectDefaultMetrics, Registry: NodeRegistry } = load()
  const registry = new NodeRegistry()
  collectDefaultMetrics({ register: registry })
  return registry
}

export function declareMetrics(declare: InstrumentSet) {
  return {
    buildInfo: declare.gauge('build_info', 'Always 1; says which build is running.', ['version', 'node'], 'main'),
    httpRequests: declare.counter('http_requests_total', 'Requests that were answered.', [
      'bucket',
      'method',
      'status',
    ]),
    httpDuration: declare.histogram(
      'http_request_duration_seconds',
      'From the request head to the last byte of the response, by what the cache did.',
      ['bucket', 'cache'],
      requestBounds,
    ),
    httpResponseBytes: declare.counter('http_response_bytes_total', 'Bytes of response bodies sent.', ['bucket']),
    activeConnections: declare.gauge('active_connections', 'Open client connections.', []),
    activeRequests: declare.gauge('active_requests', 'Requests whose last byte is not yet sent.', []),
    rejectedRequests: declare.counter('rejected_requests_total', 'Requests refused before they reached a bucket.', [
      'reason',
    ]),
    auth: declare.counter('auth_total', 'Requests to protected buckets, by what came of their tokens.', [
      'bucket',
      'outcome',
    ]),
    rateLimited: declare.counter('rate_limited_total', 'Requests refused by a rate limit.', ['bucket', 'scope']),
    ipDenied: declare.counter('ip_denied_total', 'Requests refused for the address they came from.', ['bucket']),
    cacheHits: declare.counter('cache_hits_total', 'Records found in a tier.', ['bucket', 'layer']),
    cacheMisses: declare.counter('cache_misses_total', 'Records looked for in a tier and not found.', [
      'bucket',
      'layer',
    ]),
    cacheEvictions: declare.counter('cache_evictions_total', 'Records a tier gave up by itself.', [
      'bucket',
      'layer',
      'reason',
    ]),
    cacheSize: declare.gauge('cache_size_bytes', 'Bytes a tier holds, metadata included.', ['bucket', 'layer'], 'main'),
    cacheItems: declare.gauge('cache_items', 'Records a tier holds.', ['bucket', 'layer'], 'main'),
    cacheErrors: declare.counter('cache_errors_total', 'Tier operations that failed.', ['layer', 'operation']),
    cacheGetDuration: declare.histogram(
      'cache_get_duration_seconds',
      'How long a tier outside the process took to say what it has. Operations that failed are not in it.',
      ['layer'],
      tierBounds,
    ),
    cacheSetDuration: declare.histogram(
      'cache_set_duration_seconds',
      'How long a tier outside the process took to store a record. Operations that failed are not in it.',
      ['layer'],
      tierBounds,
    ),
    cacheWritesDropped: declare.counter(
      'cache_writes_dropped_total',
      'Records that were not written to a tier: its queue was full, or its breaker open.',
      ['layer'],
    ),
    cachePurges: declare.counter('cache_purges_total', 'Purges that administrators ordered, by what they were of.', [
      'scope',
    ]),
    coalesced: declare.counter(
      'cache_coalesced_requests_total',
      "Requests that waited for another one's origin request.",
      ['bucket'],
    ),
    auditEntries: declare.counter('audit_entries_total', 'Audit entries, by what became of them in each sink.', [
      'sink',
      'outcome',
    ]),
    auditQueueDepth: declare.gauge(
      'audit_queue_depth',
      'Audit entries of each sink that are not safe yet.',
      ['sink'],
      'main',
    ),
    webhooks: declare.counter('webhook_deliveries_total', 'Events for webhooks, by what became of them.', [
      'event',
      'outcome',
    ]),
    jwksAge: declare.gauge(
      'jwks_age_seconds',
      'Since keys for tokens were last fetched, of the provider that was heard longest ago; 0 without one.',
      [],
      'max',
    ),
    certificateEnd: declare.gauge(
      'certificate_not_after_seconds',
      'When the first certificate of the public listener expires, in seconds since 1970; only with TLS.',
      [],
      'main',
    ),
    diskSize: declare.gauge(
      'disk_size_bytes',
      "The size of the disk tier's file system; only with that tier.",
      [],
      'main',
    ),
    diskFree: declare.gauge(
      'disk_free_bytes',
      "What is free in the disk tier's file system, as of the scrape before; only with that tier.",
      [],
      'main',
    ),
    memoryBudget: declare.gauge('memory_budget_bytes', 'Bytes that a part of the process may take.', ['part']),
    memoryUsed: declare.gauge('memory_used_bytes', 'Bytes that a part of the process takes or has reserved.', ['part']),
    memoryPeak: declare.gauge(
      'memory_peak_bytes',
      'The most that a part of the process has taken or reserved; beside `fills`, the most that a scrape has seen. The sum of what each thread has.',
      ['part'],
    ),
    threadBusy: declare.counter(
      'thread_busy_seconds_total',
      'How long the event loop of a thread was at work and did not wait, as of the scrape.',
      ['thread'],
    ),
    configGeneration: declare.gauge('config_generation', 'Counts up with each reload of the config.', [], 'main'),
    configReloads: declare.counter(
      'config_reloads_total',
      'Reloads of the config, by what came of them.',
      ['outcome'],
      'main',
    ),
    originRequests: declare.counter(
      'origin_requests_total',
      'Requests to the origin; status is error when it gave no answer.',
      ['bucket', 'replica', 'status'],
    ),
    originDuration: declare.histogram(
      'origin_request_duration_seconds',
      "Until the head of the origin's answer.",
      ['bucket'],
      requestBounds,
    ),
    originTimeouts: declare.counter(
      'origin_timeouts_total',
      'Waits for the origin that were too long, even where asking again helped.',
      ['bucket', 'kind'],
    ),
    originBytes: declare.counter('origin_bytes_total', 'Bytes of bodies received from the origin.', ['bucket']),
    requestsAvoided: declare.counter(
      'origin_requests_avoided_total',
      'Requests answered without an origin request of their own: from the cache, though it be stale, or by what another one had asked for.',
      ['bucket'],
    ),
    bytesAvoided: declare.counter(
      'origin_bytes_avoided_total',
      'Bytes of object bodies sent that no origin request of their own brought: out of a tier, confirmed or not, or of what another one had asked for.',
      ['bucket'],
    ),
    costSaved: declare.counter(
      'cost_saved_dollars_total',
      'What requests and bytes avoided would have cost by `observability.prices`, at the price in force when they were.',
      ['bucket'],
      'main',
    ),
    costSpent: declare.counter(
      'cost_spent_dollars_total',
      'What origin requests that were answered and origin bytes cost by `observability.prices`, at the price in force when they were.',
      ['bucket'],
      'main',
    ),
    originRetries: declare.counter('origin_retries_total', 'Repeated origin requests, by how they ended.', [
      'bucket',
      'outcome',
    ]),
    originFailovers: declare.counter(
      'origin_failovers_total',
      'Requests that another replica answered than the first one asked.',
      ['bucket'],
    ),
    circuitBreaker: declare.gauge(
      'circuit_breaker_state',
      'What keeps requests away from a replica that fails: 0 closed, 1 open, 2 half-open.',
      ['bucket', 'replica'],
      'max',
    ),
    originPoolWait: declare.histogram(
      'origin_pool_wait_seconds',
      'How long origin requests waited for a connection.',
      ['bucket'],
      [0.001, 0.01, 0.1, 1],
    ),
  }
}

/** Reads a gauge from where its value lives, at each scrape. */
export function readAtScrape(family: Family, read: () => void): void {
  family.refresh = read
}
