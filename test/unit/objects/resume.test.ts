import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type ErrorCode, ProxyError } from '../../../src/base/errors.ts'
import type { Etag } from '../../../src/base/types.ts'
import type { RunSpec } from '../../../src/objects/run-spec.ts'
import { SliceRun } from '../../../src/objects/slice-run.ts'
import type { ObjectRef, Origin, OriginAnswer, OriginBody, OriginQuery } from '../../../src/origin/origin.ts'
import { ByteOrigin } from '../../support/byte-origin.ts'
import { fc } from '../../support/fast-check.ts'
import { HandBody, never, quiet, read, sliceBytes, stage } from './rig.ts'

/** Replicas `a` and `b`. The first bodies break off after so many bytes each, whoever sends them. */
class BreakingReplicas implements Origin {
  readonly name = 'breaking'
  readonly fingerprint = 'breaking'
  readonly waiting = 0
  readonly asked: (string | undefined)[] = []
  readonly ranges: OriginQuery['range'][] = []
  delivered = 0
  isAlone = false
  code: ErrorCode = 'OriginTruncated'
  readonly #members: Readonly<Record<string, ByteOrigin>>
  readonly #breaksAfter: number[]

  constructor(members: Readonly<Record<string, ByteOrigin>>, breaksAfter: readonly number[]) {
    this.#members = members
    this.#breaksAfter = [...breaksAfter]
  }

  async ask(ref: ObjectRef, query: OriginQuery): Promise<OriginAnswer> {
    const replica = query.avoid === 'a' ? 'b' : 'a'
    this.asked.push(replica)
    this.ranges.push(query.range)
    const answer = (await this.#members[replica]?.ask(ref, query)) ?? { kind: 'changed' }
    if (answer.kind !== 'object') return answer
    return { ...answer, ...(!this.isAlone && { replica }), body: this.#breaking(answer.body) }
  }

  async close(): Promise<void> {}

  #breaking(body: OriginBody): OriginBody {
    let left = this.#breaksAfter.shift() ?? Number.POSITIVE_INFINITY
    const deliver = (chunk: Uint8Array) => {
      const part = chunk.subarray(0, left)
      this.delivered += part.length
      left -= chunk.length
      return part
    }
    const failure = () => new ProxyError(this.code, 'scripted')
    return {
      cancel: () => body.cancel(),
      async *[Symbol.asyncIterator]() {
        for await (const chunk of body) {
          if (left > 0) yield deliver(chunk)
          if (left <= 0) throw failure()
        }
      },
    }
  }
}

/** Runs of `slices` slices over the replicas `first` and `second`. `breaksAfter`: see above. */
function running(slices: number, breaksAfter: readonly number[], chunkBytes = 30) {
  const { origin: first, ...on } = stage(slices, { chunkBytes })
  const second = new ByteOrigin({ size: slices * sliceBytes, chunkBytes })
  const origin = new BreakingReplicas({ a: first, b: second }, breaksAfter)
  const start = (changes: Partial<RunSpec> = {}) => {
    const run = new SliceRun({ ...on.spec(0, slices - 1), origin, ...changes }, on)
    run.attach()
    return run
  }
  return { ...on, origin, first, second, start }
}

/** What its one reader gets, and what ends it. */
async function readAll(run: SliceRun, slices: number): Promise<{ bytes: Buffer; failure?: unknown }> {
  const got: Uint8Array[] = []
  try {
    for (let index = 0; index < slices; index++) {
      for await (const piece of run.ask(index, slices - 1).fill.read(0, sliceBytes, never)) got.push(piece)
    }
    return { bytes: Buffer.concat(got) }
  } catch (failure) {
    return { bytes: Buffer.concat(got), failure }
  }
}

const codeOf = (failure: unknown) => failure instanceof ProxyError && failure.code

test('a body that breaks off within a slice is gone on with by another replica, at that very byte', async () => {
  const on = running(3, [130])
  const { bytes } = await readAll(on.start(), 3)
  assert.deepEqual(bytes, Buffer.from(on.second.bytes(0, 300)))
  assert.deepEqual(on.origin.asked, ['a', 'b'])
  assert.deepEqual(on.origin.ranges[1], { start: 130, end: 300 })
  assert.equal(on.origin.delivered, 300)
  assert.deepEqual(await Promise.all([0, 1, 2].map(on.has)), [true, true, true])
})

test('wherever bodies break off, a reader gets every byte, and the origins are asked for none twice', async () => {
  const slices = fc.integer({ min: 1, max: 6 })
  const breaks = fc.array(fc.nat(250), { maxLength: 3 })
  const chunk = fc.integer({ min: 1, max: 700 })
  await fc.assert(
    fc.asyncProperty(slices, breaks, chunk, async (count, breaksAfter, chunkBytes) => {
      const on = running(count, breaksAfter, chunkBytes)
      const run = on.start()
      const { bytes, failure } = await readAll(run, count)
      await run.ended
      assert.equal(failure, undefined)
      assert.deepEqual(bytes, Buffer.from(on.second.bytes(0, count * sliceBytes)))
      assert.equal(on.origin.delivered, count * sliceBytes)
      assert.equal(on.first.openBodies + on.second.openBodies, 0)
    }),
    { numRuns: 200 },
  )
})

test('another version elsewhere is no help: readers have the bytes before the break, and then the failure', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(299), async (cut) => {
      const on = running(3, [cut])
      const { key } = on.spec(0, 2)
      await on.store.put(key.id, { kind: 'object', head: on.head })
      on.second.change()
      const run = on.start()
      const { bytes, failure } = await readAll(run, 3)
      await run.ended
      assert.equal(codeOf(failure), 'OriginTruncated')
      assert.deepEqual(bytes, Buffer.from(on.first.bytes(0, cut)))
      assert.equal(on.first.openBodies + on.second.openBodies, 0)
      assert.ok(await on.store.has(key.id)) // what one replica lacks is no reason to forget what another has
    }),
    { numRuns: 50 },
  )
})

test('another size elsewhere under the same tag is another version', async () => {
  const on = running(3, [130])
  const longer = new ByteOrigin({ size: 310, chunkBytes: 30 })
  const origin = new BreakingReplicas({ a: on.first, b: longer }, [130])
  const { bytes, failure } = await readAll(on.start({ origin }), 3)
  assert.equal(codeOf(failure), 'OriginTruncated')
  assert.deepEqual(bytes, Buffer.from(on.first.bytes(0, 130)))
})

const liars: readonly (readonly [what: string, ask: (on: ReturnType<typeof running>) => Origin['ask']])[] = [
  [
    'overlooks If-Match',
    ({ origin, second }) => {
      second.change()
      return (ref, { ifMatch: _, ...query }) => origin.ask(ref, query)
    },
  ],
  [
    'begins later than it was asked to',
    ({ origin }) =>
      async (ref, query) => {
        const answer = await origin.ask(ref, query)
        return answer.kind === 'object' && query.avoid !== undefined ? { ...answer, start: answer.start + 1 } : answer
      },
  ],
]
for (const [what, liar] of liars) {
  test(`a replica that ${what} is not believed`, async () => {
    const on = running(3, [130])
    const origin = { ...on.origin, name: 'liar', fingerprint: 'liar', ask: liar(on), close: async () => {} }
    const { bytes, failure } = await readAll(on.start({ origin }), 3)
    assert.equal(codeOf(failure), 'OriginTruncated')
    assert.deepEqual(bytes, Buffer.from(on.first.bytes(0, 130)))
    assert.equal(on.second.openBodies, 0)
  })
}

test('a replica that does not heed the range is read up to the byte that is wanted', async () => {
  const on = running(3, [130])
  const whole: Origin = {
    ...{ name: 'whole', fingerprint: 'whole', waiting: 0, close: async () => {} },
    ask: (ref, { range: _, ...query }) => on.origin.ask(ref, query),
  }
  const { bytes } = await readAll(on.start({ origin: whole }), 3)
  assert.deepEqual(bytes, Buffer.from(on.second.bytes(0, 300)))
})

test('the answer a run was started with is gone on with too', async () => {
  const on = running(3, [])
  const body = new HandBody()
  const run = on.start({ opened: { body, start: 0, replica: 'a' } })
  const reading = readAll(run, 3)
  body.push(on.first.bytes(0, 150), new ProxyError('OriginTimeout', 'scripted'))
  assert.deepEqual((await reading).bytes, Buffer.from(on.second.bytes(0, 300)))
  assert.deepEqual(on.origin.ranges, [{ start: 150, end: 300 }])
})

const cuts: readonly (readonly [why: string, changes: (on: ReturnType<typeof running>) => Partial<RunSpec>])[] = [
  [
    'there is no other replica',
    ({ origin }) => {
      origin.isAlone = true
      return {}
    },
  ],
  [
    'what came was nonsense',
    ({ origin }) => {
      origin.code = 'OriginMalformed'
      return {}
    },
  ],
]
for (const [why, changes] of cuts) {
  test(`when ${why}, the run ends`, async () => {
    const on = running(3, [130])
    const { bytes, failure } = await readAll(on.start(changes(on)), 3)
    assert.equal(codeOf(failure), on.origin.code)
    assert.equal(bytes.length, 130)
    assert.deepEqual(on.origin.asked, ['a'])
  })
}

test('a version that no tag tells from another cannot be gone on with', async () => {
  const on = running(3, [])
  const body = new HandBody()
  const head = { ...on.head, etag: '~300 yesterday' as Etag }
  const reading = readAll(on.start({ head, opened: { body, start: 0, replica: 'a' } }), 3)
  body.push(on.first.bytes(0, 150), new ProxyError('OriginTruncated', 'scripted'))
  assert.equal(codeOf((await reading).failure), 'OriginTruncated')
  assert.deepEqual(on.origin.asked, [])
})

test('without a reader nothing is gone on with', async () => {
  const on = running(3, [])
  const body = new HandBody()
  const run = on.start({ opened: { body, start: 0, replica: 'a' } })
  run.ask(0, 2)
  body.push(on.first.bytes(0, 130))
  await quiet()
  run.detach()
  body.push(new ProxyError('OriginTruncated', 'scripted'))
  await run.ended
  assert.deepEqual(on.origin.asked, [])
})

test('bodies that break off again and again within a slice end the run', async () => {
  const on = running(3, [130, 10, 10, 10, 10, 10])
  const { bytes, failure } = await readAll(on.start(), 3)
  assert.equal(codeOf(failure), 'OriginTruncated')
  assert.deepEqual(on.origin.asked, ['a', 'b', 'a', 'b'])
  assert.deepEqual(bytes, Buffer.from(on.first.bytes(0, 160)))
})

test('and those that get on do not', async () => {
  const on = running(8, Array(15).fill(50))
  assert.equal((await readAll(on.start(), 8)).bytes.length, 800)
})

test('when the last reader leaves while another replica is asked, that is called off', async () => {
  const on = running(3, [130])
  const run = on.start()
  await read(run, 0, 2)
  while (on.origin.asked.length < 2) await turn()
  run.detach()
  await run.ended
  await quiet()
  assert.equal(on.second.openBodies, 0)
  assert.equal(on.origin.delivered, 130)
})

test('whenever the last reader leaves while a body is gone on with, no body stays open', async () => {
  for (let delay = 0; delay < 30; delay++) {
    const on = running(3, [])
    const body = new HandBody()
    let run: SliceRun | undefined
    const origin: Origin = {
      ...{ name: 'leaving', fingerprint: 'leaving', waiting: 0, close: async () => {} },
      async ask(ref, query) {
        const answer = await on.second.ask(ref, query)
        void microtasks(delay).then(() => run?.detach())
        return answer
      },
    }
    run = on.start({ origin, opened: { body, start: 0, replica: 'a' } })
    run.ask(0, 2)
    body.push(on.first.bytes(0, 130), new ProxyError('OriginTruncated', 'scripted'))
    await run.ended
    await quiet()
    assert.equal(on.second.openBodies, 0, `left after ${delay} microtasks`)
  }
})

async function microtasks(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await undefined
}
