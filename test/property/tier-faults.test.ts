/** The whole proxy over memory, disk and a real Redis, each of which fails and dawdles as chance has it. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import type { CacheTier, TierGuard } from '../../src/cache/tier.ts'
import { type FakeOrigin, startFakeOrigin } from '../support/fake-origin.ts'
import { fc } from '../support/fast-check.ts'
import { faulty, type TierFaults, type TierOperation } from '../support/faulty-tier.ts'
import { startOwnRedis } from '../support/redis-server.ts'
import { type Answer, type ProxyUnderTest, startProxyBefore } from '../support/start-proxy.ts'
import { expectedBytes } from '../support/synthetic-bytes.ts'

const MiB = 1024 * 1024
const sizes = { empty: 0, small: 5000, large: 2 * MiB + 77 } as const
type Key = keyof typeof sizes
const keys = Object.keys(sizes) as Key[]
const layers = ['memory', 'disk', 'redis'] as const
type Faults = Readonly<Record<(typeof layers)[number], TierFaults>>

interface Step {
  readonly key: Key
  readonly kind: 'get' | 'range' | 'change' | 'crowd'
}

/** What rejects on its way to the store is what the metric has to count. */
class Rejections {
  count = 0

  of(tier: CacheTier): CacheTier {
    const counted = async <T>(act: () => Promise<T>): Promise<T> => {
      try {
        return await act()
      } catch (error) {
        this.count++
        throw error
      }
    }
    return {
      name: tier.name,
      get: (id) => counted(() => tier.get(id)),
      has: (id) => counted(() => tier.has(id)),
      put: (id, record) => counted(() => tier.put(id, record)),
      remove: (id) => counted(() => tier.remove(id)),
      clear: (scope, onRemoved) => counted(() => tier.clear(scope, onRemoved)),
      each: (scope, visit) => counted(() => tier.each(scope, visit)),
      peek: (id) => counted(() => tier.peek(id)),
      usage: () => tier.usage(),
      close: () => tier.close(),
    }
  }
}

class Play {
  readonly #origin: FakeOrigin
  readonly #proxy: ProxyUnderTest
  readonly #prefix: string
  /** What each object's bytes are made from, new with each change. */
  readonly #seeds = new Map<Key, number>()
  readonly #allowed = new Map<Key, number>(keys.map((key) => [key, 0]))

  constructor(origin: FakeOrigin, proxy: ProxyUnderTest, prefix: string) {
    this.#origin = origin
    this.#proxy = proxy
    this.#prefix = prefix
    for (const key of keys) this.#replace(key)
  }

  async take({ key, kind }: Step): Promise<void> {
    if (kind === 'range') return this.#read(key, Math.min(sizes[key], 3000))
    if (kind === 'crowd') {
      await Promise.all([1, 2, 3].map(() => this.#read(key)))
      return
    }
    if (kind === 'change') await this.#change(key)
    else await this.#read(key)
  }

  /** Who changes an object has it confirmed; from then on nobody may get the older one, whatever tier still has it. */
  async #change(key: Key): Promise<void> {
    this.#replace(key)
    // While the older one is still being stored, its flight is the newest there is, and may be joined.
    for (let tries = 0; tries < 50; tries++) {
      const answer = await this.#ask(key, { 'cache-control': 'no-cache' })
      if (answer.body.equals(this.#bytesOf(key))) return
    }
    assert.fail(`${key}: the newer one does not come`)
  }

  /** A tier that fails costs the origin's work at most: one request for the head, one for each slice. */
  checkCost(): void {
    for (const [key, allowed] of this.#allowed) {
      const asked = this.#origin.requests(this.#prefix + key).length
      assert.ok(asked <= allowed, `${key}: ${asked} origin requests, ${allowed} allowed`)
    }
  }

  /** Without faults in the fastest tier an object of one slice costs a request for each of its versions, and one for each no-cache. */
  checkThatMemoryServes(steps: readonly Step[]): void {
    for (const key of ['empty', 'small'] as const) {
      const mine = steps.filter((step) => step.key === key)
      const changes = mine.filter(({ kind }) => kind === 'change').length
      const first = mine.length > 0 && mine[0]?.kind !== 'change' ? 1 : 0
      assert.equal(this.#origin.requests(this.#prefix + key).length, changes + first, key)
    }
  }

  #replace(key: Key): void {
    const seed = (this.#seeds.get(key) ?? 0) + 1
    this.#seeds.set(key, seed)
    this.#origin.serve(this.#prefix + key, { size: sizes[key], seed })
  }

  async #read(key: Key, end: number = sizes[key]): Promise<void> {
    const answer = await this.#ask(key, end < sizes[key] ? { range: `bytes=0-${end - 1}` } : {})
    assert.equal(answer.status, end < sizes[key] ? 206 : 200)
    assert.ok(answer.body.equals(this.#bytesOf(key, end)), `${key}: other bytes`)
  }

  #ask(key: Key, headers: Readonly<Record<string, string>>): Promise<Answer> {
    this.#allowed.set(key, (this.#allowed.get(key) ?? 0) + 1 + Math.ceil(sizes[key] / MiB))
    return this.#proxy.get(`/b/${this.#prefix}${key}`, { headers })
  }

  #bytesOf(key: Key, end: number = sizes[key]): Uint8Array {
    return expectedBytes(this.#seeds.get(key) ?? 0, 0, end)
  }
}

const operations: readonly TierOperation[] = ['get', 'has', 'put', 'remove', 'clear']
const tierFaults: fc.Arbitrary<TierFaults> = fc
  .record({
    on: fc.subarray([...operations], { minLength: 1 }),
    failEvery: fc.constantFrom(undefined, 1, 2, 3, 7),
    delayMs: fc.constantFrom(0, 0, 2, 15),
  })
  .map(({ on, failEvery, delayMs }) => ({
    on,
    ...(failEvery === undefined ? {} : { failEvery }),
    ...(delayMs === 0 ? {} : { delay: { ms: delayMs, clock: systemClock } }),
  }))
const noFaults = fc.constant<TierFaults>({ on: [] })
const schedule = fc.record({
  faults: fc.record({ memory: fc.oneof(noFaults, tierFaults), disk: tierFaults, redis: tierFaults }),
  steps: fc.array(
    fc.record({ key: fc.constantFrom(...keys), kind: fc.constantFrom('get', 'get', 'range', 'change', 'crowd') }),
    { minLength: 5, maxLength: 25 },
  ) as fc.Arbitrary<Step[]>,
})

async function stage(t: TestContext) {
  const redis = await startOwnRedis(t)
  const origin = await startFakeOrigin(t, { clock: systemClock })
  let plays = 0
  return async (faults: Faults, steps: readonly Step[]) => {
    const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-faults-'))
    const rejections = new Rejections()
    const tierGuard: TierGuard = (tier) => rejections.of(faulty(tier, faults[tier.name as 'memory']))
    const prefix = `${++plays}-`
    const cache = {
      cache_layers: layers,
      memory: { max_cache_size_mb: 8, max_item_size_mb: 1 },
      disk: { enabled: true, cache_dir: folder, max_disk_cache_size_mb: 64 },
      redis: { enabled: true, redis_url: redis.url, key_prefix: `${prefix}:` },
    }
    const proxy = await startProxyBefore(t, origin.endpoint, { cache, clock: systemClock, tierGuard })
    const play = new Play(origin, proxy, prefix)
    for (const step of steps) await play.take(step)
    play.checkCost()
    if (faults.memory.on?.length === 0) play.checkThatMemoryServes(steps)
    await proxy.untilMetric('yatagarasu_cache_errors_total', {}, rejections.count)
    await proxy.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

test('whichever tier fails or dawdles, every byte is right and no request fails', async (t) => {
  const run = await stage(t)
  await fc.assert(
    fc.asyncProperty(schedule, ({ faults, steps }) => run(faults, steps)),
    { numRuns: Number(process.env['FAULT_SCHEDULES'] ?? 24), endOnFailure: true },
  )
})
