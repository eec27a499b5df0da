/** Runs over an origin without sockets, with slices of a few bytes. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Rooms } from '../../../src/cache/body-rooms.ts'
import { CacheKey } from '../../../src/cache/cache-key.ts'
import { createMemoryTier } from '../../../src/cache/memory-tier.ts'
import { PurgeLog } from '../../../src/cache/purge-log.ts'
import type { ObjectHead } from '../../../src/cache/record.ts'
import type { TierGuard } from '../../../src/cache/tier.ts'
import { createTieredStore } from '../../../src/cache/tiered-store.ts'
import type { RunSpec } from '../../../src/objects/run-spec.ts'
import { RunTable } from '../../../src/objects/run-table.ts'
import type { SliceRun } from '../../../src/objects/slice-run.ts'
import type { OriginBody } from '../../../src/origin/origin.ts'
import { ByteOrigin, type ByteOriginOptions } from '../../support/byte-origin.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { noStoreEvents } from '../../support/no-store-events.ts'
import { plentyToFill } from '../../support/plenty-to-fill.ts'

export const sliceBytes = 100
export const key = new CacheKey('b', 'film')
export const never = new AbortController().signal

/** An object of `slices` whole slices. Records larger than a slice's are kept too. */
export function stage(
  slices: number,
  options: Partial<ByteOriginOptions> = {},
  budget = plentyToFill(),
  guard: TierGuard = (tier) => tier,
  rooms?: Rooms,
) {
  const clock = new FakeClock()
  const size = slices * sliceBytes
  const origin = new ByteOrigin({ size, chunkBytes: 30, ...options })
  const tier = createMemoryTier({ maxBytes: 10_000_000, maxItemBytes: 1_000_000, eviction: 'lru' }, noStoreEvents)
  const store = createTieredStore([guard(tier)], noStoreEvents, clock, new PurgeLog(clock, createFakeRandom()))
  const runs = new RunTable({ store, clock, budget, rooms })
  const head: ObjectHead = {
    status: 200,
    etag: origin.etag,
    size,
    sliceBytes,
    headers: [],
    requestedAt: clock.now(),
    storedAt: clock.now(),
    originFingerprint: origin.fingerprint,
  }
  const spec = (first: number, last: number): RunSpec => {
    return { key, head, ref: { bucket: 'b', key: 'film', query: '' }, origin, forwarded: [], first, last }
  }
  const has = (index: number) => store.has(key.sliceId(index))
  return { clock, origin, store, runs, budget, head, spec, has }
}

/** A run with one reader, which wants all of it. */
export function read(run: SliceRun, index: number, until = index): Promise<Uint8Array> {
  const { fill, release } = run.ask(index, until)
  return collect(fill.read(0, sliceBytes, never)).finally(release)
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

/** Lets everything that can go on do so. */
export async function quiet(): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) await turn()
}

/** A body whose chunks the test hands out one by one; ends when `end` was called, or fails. */
export class HandBody implements OriginBody {
  isCancelled = false
  readonly #chunks: (Uint8Array | Error | undefined)[] = []
  #wake = () => {}

  push(...chunks: (Uint8Array | Error)[]): void {
    this.#chunks.push(...chunks)
    this.#wake()
  }

  end(): void {
    this.#chunks.push(undefined)
    this.#wake()
  }

  cancel(): void {
    this.isCancelled = true
    this.end()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (;;) {
        while (this.#chunks.length === 0) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        }
        const chunk = this.#chunks.shift()
        if (chunk === undefined) return
        if (chunk instanceof Error) throw chunk
        yield chunk
      }
    } finally {
      this.isCancelled = true
    }
  }
}
