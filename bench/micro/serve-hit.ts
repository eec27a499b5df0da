/** What does the pipeline cost for a cached small object, without HTTP around it? Prints nanoseconds of CPU per request. */
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { createTrace } from '../../src/base/trace.ts'
import type { EpochMs, Etag, RequestId } from '../../src/base/types.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import { createMemoryTier } from '../../src/cache/memory-tier.ts'
import { PurgeLog } from '../../src/cache/purge-log.ts'
import { createTieredStore } from '../../src/cache/tiered-store.ts'
import type { ProxyRequest } from '../../src/http/messages.ts'
import { FillBudget } from '../../src/objects/fill-budget.ts'
import { FlightTable } from '../../src/objects/flight.ts'
import { Lifetimes } from '../../src/objects/lifetimes.ts'
import { ObjectOpener } from '../../src/objects/open-object.ts'
import { RunTable } from '../../src/objects/run-table.ts'
import { UncacheableMemory } from '../../src/objects/uncacheable-memory.ts'
import type { Origin } from '../../src/origin/origin.ts'
import { openDoor } from '../../src/pipeline/admission.ts'
import { createHandler } from '../../src/pipeline/handler.ts'
import type { Route } from '../../src/pipeline/route.ts'
import { createServe } from '../../src/pipeline/serve.ts'
import { createSystemEndpoints } from '../../src/pipeline/system-endpoints.ts'
import { RouteTable } from '../../src/routing/routes.ts'

const events = { hit() {}, missed() {}, evicted() {}, failed() {}, worked() {}, dropped() {}, breakerChanged() {} }
const clock = systemClock
const tier = createMemoryTier({ maxBytes: 2 ** 26, maxItemBytes: 2 ** 20, eviction: 's3gd' }, events)
const purges = new PurgeLog(clock, systemRandom)
const store = createTieredStore([tier], events, clock, purges)
const runs = new RunTable({ store, clock, budget: new FillBudget(2 ** 26, []) })
const opener = new ObjectOpener({
  store,
  runs,
  clock,
  purges,
  uncacheable: new UncacheableMemory(clock),
  flights: new FlightTable(),
})
const origin: Origin = {
  name: 'none',
  fingerprint: 'none',
  ask: () => Promise.reject(new Error('a hit asks no origin')),
  waiting: 0,
  close: async () => {},
}
const policy = {
  enabled: true,
  ttlMs: 0,
  negativeTtlMs: 0,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  respectOrigin: true,
  requestDirectives: 'honour',
  revalidate: 'ttl',
  maxObjectBytes: Number.POSITIVE_INFINITY,
  sliceBytes: 2 ** 20,
} as const
const route: Route = {
  name: 'b',
  pathPrefix: '/b',
  hosts: [],
  site: { origin, policy, lifetimes: new Lifetimes(policy, purges) },
  query: { keep: 'none' },
  cors: undefined,
  headers: { add: [], remove: [], forward: [] },
  asksAgain: true,
  downstream: { kind: 'as-is' },
  admission: openDoor,
  tokenNames: undefined,
  prepared: new WeakMap(),
}
const now = Date.now() as EpochMs
const fields = ['ETag', '"1"', 'Last-Modified', 'Thu, 01 Jan 2026 00:00:00 GMT', 'Content-Type', 'text/plain']
const head = {
  status: 200,
  etag: '"1"' as Etag,
  size: 1024,
  sliceBytes: 2 ** 20,
  headers: [...fields, 'Date', new Date(now).toUTCString(), 'Cache-Control', 'max-age=3600'],
  requestedAt: now,
  storedAt: now,
  originFingerprint: 'none',
}
const objects = 1000
for (let i = 0; i < objects; i++) {
  await store.put(new CacheKey('b', `images/${i}.png`).id, {
    kind: 'object',
    head: { ...head },
    body: new Uint8Array(1024),
  })
}
const handle = createHandler({
  routes: new RouteTable([route]),
  serve: createServe({ opener, clock, headTimeoutMs: 30_000, boundary: () => 'x' }),
  system: createSystemEndpoints({ status: () => 'ready', version: '0' }, clock),
})
const headers: Record<string, string> = { host: 'localhost', accept: '*/*' }
const signal = new AbortController().signal
const requestFor = (i: number): ProxyRequest => ({
  id: 'id' as RequestId,
  method: 'GET',
  host: 'localhost',
  path: `/b/images/${i % objects}.png`,
  query: '',
  headers: [],
  header: (name) => headers[name],
  clientAddress: '127.0.0.1',
  receivedAt: now,
  hasBody: false,
  readBody: async () => new Uint8Array(0),
  signal,
})

const rounds = Number(process.argv[2] ?? 7)
const perRound = 200_000
const costs: number[] = []
for (let round = 0; round < rounds; round++) {
  const before = process.cpuUsage()
  for (let i = 0; i < perRound; i++) await handle(requestFor(i), createTrace())
  const { user, system } = process.cpuUsage(before)
  costs.push(((user + system) * 1000) / perRound)
}
costs.sort((a, b) => a - b)
process.stdout.write(
  `hit: median ${Math.round(costs[costs.length >> 1] ?? 0)} ns, least ${Math.round(costs[0] ?? 0)} ns\n`,
)
