import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { ByteRange } from '../../src/base/types.ts'
import { ByteOrigin } from '../support/byte-origin.ts'
import { fc } from '../support/fast-check.ts'
import { sliceBytes, threads } from '../unit/workers/threads.ts'

type Stage = ReturnType<typeof threads>

interface Reader {
  readonly thread: number
  readonly range: ByteRange
  readonly startsAfter: number
  /** Leaves after so many bytes. */
  readonly leavesAfter: number
}

async function read(on: Stage, { thread, range, startsAfter, leavesAfter }: Reader): Promise<Uint8Array> {
  for (let left = startsAfter; left > 0; left--) await turn()
  const client = new AbortController()
  const { result } = await on.thread(thread).open({ range, signal: client.signal })
  if (result.kind === 'missing') throw new Error('missing')
  const { object } = result
  const pieces: Uint8Array[] = []
  let length = 0
  try {
    await object.prepare(range, client.signal)
    for await (const piece of object.read(range, client.signal)) {
      pieces.push(piece)
      length += piece.length
      if (length >= leavesAfter) break
    }
  } finally {
    object.release()
  }
  return Buffer.concat(pieces)
}

/** Every run ends once its readers are gone, and those of other threads are gone for good after ten seconds. */
async function settled(on: Stage): Promise<void> {
  const isBusy = () => on.hub.size > 0 || on.threads.some(({ runs }) => runs.size > 0)
  for (let rounds = 0; rounds < 100 && isBusy(); rounds++) {
    await on.clock.advance(2000)
    for (let turns = 0; turns < 50; turns++) await turn()
  }
  assert.ok(!isBusy(), 'something goes on though nobody reads')
}

const readerOf = (size: number): fc.Arbitrary<Reader> =>
  fc
    .record({
      thread: fc.nat(2),
      from: fc.nat(size - 1),
      length: fc.integer({ min: 1, max: size }),
      startsAfter: fc.nat(60),
      leavesAfter: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: size })),
    })
    .map(({ from, length, ...rest }) => ({ ...rest, range: { start: from, end: Math.min(size, from + length) } }))

const schedule = fc.integer({ min: 1, max: 30 * sliceBytes }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    chunkBytes: fc.integer({ min: 10, max: 250 }),
    pauses: fc.array(fc.nat(8), { minLength: 1, maxLength: 4 }),
    readers: fc.array(readerOf(size), { minLength: 1, maxLength: 8, size: 'max' }),
    /** After so many turns a thread ends. */
    dies: fc.option(fc.record({ thread: fc.integer({ min: 1, max: 2 }), after: fc.nat(80) })),
  }),
)

test('readers on any thread get exactly their bytes, whichever thread ends, and nothing outlives them', async () => {
  const property = fc.asyncProperty(schedule, async ({ size, chunkBytes, pauses, readers, dies }) => {
    const origin = new ByteOrigin({ size, chunkBytes, pauses })
    await using on = threads(3, origin)
    const reading = readers.map((reader) => read(on, reader))
    if (dies !== null) {
      for (let left = dies.after; left > 0; left--) await turn()
      await on.thread(dies.thread).die()
    }
    for (const [index, bytes] of (await Promise.all(reading)).entries()) {
      const { range, leavesAfter } = readers[index] as Reader
      assert.ok(bytes.length >= Math.min(leavesAfter, range.end - range.start))
      assert.deepEqual(Buffer.from(bytes), Buffer.from(origin.bytes(range.start, range.start + bytes.length)))
    }
    await settled(on)
    assert.equal(origin.openBodies, 0)
  })
  await fc.assert(property, { numRuns: 150, interruptAfterTimeLimit: 10_000 })
})
