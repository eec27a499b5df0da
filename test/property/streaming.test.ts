import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { publicAuthorizer } from '../../src/access/authorizer.ts'
import { createTrace } from '../../src/base/trace.ts'
import type { ByteRange } from '../../src/base/types.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import { createMemoryTier } from '../../src/cache/memory-tier.ts'
import { PurgeLog } from '../../src/cache/purge-log.ts'
import { createTieredStore, type RecordStore } from '../../src/cache/tiered-store.ts'
import { FillBudget } from '../../src/objects/fill-budget.ts'
import { FlightTable } from '../../src/objects/flight.ts'
import { Lifetimes } from '../../src/objects/lifetimes.ts'
import { ObjectOpener } from '../../src/objects/open-object.ts'
import { RunTable } from '../../src/objects/run-table.ts'
import { UncacheableMemory } from '../../src/objects/uncacheable-memory.ts'
import type { Site, Wanted } from '../../src/objects/wanted.ts'
import { noDirectives } from '../../src/policy/request-directives.ts'
import { ByteOrigin, type ByteOriginOptions } from '../support/byte-origin.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { createFakeRandom } from '../support/fake-random.ts'
import { fc } from '../support/fast-check.ts'
import { noStoreEvents } from '../support/no-store-events.ts'
import { cachePolicy } from '../support/policies.ts'

function stage(options: ByteOriginOptions & { sliceBytes: number; maxBytes: number; maxItemBytes?: number }) {
  const origin = new ByteOrigin(options)
  const clock = new FakeClock(1_767_225_600_000)
  const { maxBytes, maxItemBytes = 1024 } = options
  const tier = createMemoryTier({ maxBytes, maxItemBytes, eviction: 's3gd' }, noStoreEvents)
  const purges = new PurgeLog(clock, createFakeRandom())
  const store = createTieredStore([tier], noStoreEvents, clock, purges)
  // Enough for two runs at once: most of the time somebody waits.
  const budget = new FillBudget(8 * options.sliceBytes, ['b'])
  const runs = new RunTable({ store, clock, budget })
  const opener = new ObjectOpener({
    store,
    runs,
    clock,
    purges,
    uncacheable: new UncacheableMemory(clock),
    flights: new FlightTable(),
  })
  const policy = cachePolicy({ sliceBytes: options.sliceBytes })
  const site: Site = { origin, policy, lifetimes: new Lifetimes(policy, purges) }
  return { origin, clock, store, runs, opener, site }
}

type Stage = ReturnType<typeof stage>

function wanted(site: Site, range: ByteRange | undefined, signal: AbortSignal): Wanted {
  const ref = { bucket: 'b', key: 'film', query: '' }
  const key = new CacheKey('b', 'film')
  const header = () => undefined
  return {
    allowed: publicAuthorizer.authorize({ kind: 'anonymous' }),
    method: 'GET',
    ref,
    key,
    site,
    mayStore: true,
    directives: noDirectives,
    range,
    header,
    own: createTrace(),
    forwarded: () => [],
    signal,
  }
}

interface Reader {
  readonly range: ByteRange
  readonly startsAfter: number
  /** Leaves after so many bytes. */
  readonly leavesAfter: number
  /** Turns of the event loop it takes over each piece. */
  readonly pause: number
}

async function read({ opener, site }: Stage, reader: Reader): Promise<Uint8Array> {
  for (let left = reader.startsAfter; left > 0; left--) await turn()
  const client = new AbortController()
  const opened = await opener.open(wanted(site, reader.range, client.signal))
  if (opened.kind !== 'object') throw new Error('missing')
  const { object } = opened
  const pieces: Uint8Array[] = []
  let length = 0
  try {
    await object.prepare(reader.range, client.signal)
    for await (const piece of object.read(reader.range, client.signal)) {
      pieces.push(piece.slice())
      length += piece.length
      if (length >= reader.leavesAfter) break
      for (let left = reader.pause; left > 0; left--) await turn()
    }
  } finally {
    object.release()
  }
  return Buffer.concat(pieces)
}

/** Every run ends by itself once its readers are gone: after the slice in hand, at most 700 chunks of 5 turns each. */
async function settled({ runs, origin, clock }: Stage): Promise<void> {
  for (let turns = 0; turns < 10_000 && (runs.size > 0 || origin.openBodies > 0); turns++) {
    await clock.advance(2000)
    await turn()
  }
}

const readerOf = (size: number): fc.Arbitrary<Reader> =>
  fc
    .record({
      from: fc.nat(size - 1),
      length: fc.integer({ min: 1, max: size }),
      startsAfter: fc.nat(30),
      leavesAfter: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: size })),
      pause: fc.nat(5),
    })
    .map(({ from, length, ...rest }) => ({ ...rest, range: { start: from, end: Math.min(size, from + length) } }))

const schedule = fc.integer({ min: 1, max: 6000 }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    sliceBytes: fc.integer({ min: 16, max: 700 }),
    chunkBytes: fc.integer({ min: 1, max: 900 }),
    pauses: fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }),
    comesWhole: fc.boolean(),
    maxBytes: fc.integer({ min: 1, max: 40_000 }),
    maxItemBytes: fc.constantFrom(1, 100, 10_000),
    readers: fc.array(readerOf(size), { minLength: 1, maxLength: 6 }),
  }),
)

test('any readers of any ranges get exactly their bytes, whatever the tier keeps, and no run outlives them', async () => {
  const property = fc.asyncProperty(schedule, async ({ readers, ...options }) => {
    const on = stage(options)
    const results = await Promise.all(readers.map((reader) => read(on, reader)))
    for (const [index, { range, leavesAfter }] of readers.entries()) {
      const bytes = results[index] ?? new Uint8Array()
      assert.ok(bytes.length >= Math.min(leavesAfter, range.end - range.start))
      assert.ok(Buffer.from(on.origin.bytes(range.start, range.start + bytes.length)).equals(bytes))
    }
    await settled(on)
    assert.equal(on.runs.size, 0)
    assert.equal(on.origin.openBodies, 0)
    assert.ok(memoryUsage(on.store) <= options.maxBytes)
  })
  await fc.assert(property, { numRuns: 300, interruptAfterTimeLimit: 20_000 })
})

test('readers of a cold object who come while it is opened cost one origin request and each byte once', async () => {
  const crowd = fc.record({
    size: fc.integer({ min: 1, max: 20_000 }),
    sliceBytes: fc.integer({ min: 64, max: 2000 }),
    chunkBytes: fc.integer({ min: 1, max: 3000 }),
    pauses: fc.array(fc.nat(3), { minLength: 1, maxLength: 3 }),
    paces: fc.array(fc.nat(6), { minLength: 2, maxLength: 12 }),
  })
  const property = fc.asyncProperty(crowd, async ({ paces, ...options }) => {
    const on = stage({ ...options, maxBytes: 10_000_000, maxItemBytes: 10 })
    const range = { start: 0, end: options.size }
    const leavesAfter = Number.POSITIVE_INFINITY
    const readers = paces.map((pause) => read(on, { range, startsAfter: 0, leavesAfter, pause }))
    for (const bytes of await Promise.all(readers))
      assert.ok(Buffer.from(on.origin.bytes(0, options.size)).equals(bytes))
    assert.equal(on.origin.requests, 1)
    assert.equal(on.origin.bytesSent, options.size)
  })
  await fc.assert(property, { numRuns: 150, interruptAfterTimeLimit: 15_000 })
})

test('an object that changes while it is read never gives a mixture of two versions', async () => {
  const changing = fc.record({ schedule, changesAfter: fc.nat(60) })
  const property = fc.asyncProperty(changing, async ({ schedule: { readers, ...options }, changesAfter }) => {
    const on = stage(options)
    const older = on.origin.bytes(0, options.size)
    const reading = readers.map((reader) => read(on, { ...reader, leavesAfter: Number.POSITIVE_INFINITY }))
    const results = Promise.allSettled(reading)
    for (let left = changesAfter; left > 0; left--) await turn()
    on.origin.change()
    const newer = on.origin.bytes(0, options.size)
    for (const [index, result] of (await results).entries()) {
      const { start, end } = readers[index]?.range ?? { start: 0, end: 0 }
      if (result.status === 'rejected') {
        assert.equal(result.reason.code, 'ObjectChanged')
        continue
      }
      const isOneVersion = [older, newer].some((bytes) => Buffer.from(bytes.subarray(start, end)).equals(result.value))
      assert.ok(isOneVersion, 'a body of neither version')
    }
    await settled(on)
    assert.equal(on.runs.size, 0)
    assert.equal(on.origin.openBodies, 0)
  })
  await fc.assert(property, { numRuns: 200, interruptAfterTimeLimit: 15_000 })
})

function memoryUsage(store: RecordStore): number {
  return store.usage().reduce((sum, [, { bytes }]) => sum + bytes, 0)
}
