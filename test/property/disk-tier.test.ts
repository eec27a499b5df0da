import assert from 'node:assert/strict'
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { RecordId } from '../../src/base/types.ts'
import type { CacheRecord } from '../../src/cache/record.ts'
import { covers, everything, type Scope } from '../../src/cache/scope.ts'
import { idOf, objectOf, sliceIdOf, sliceOf } from '../support/cache-records.ts'
import {
  bytesOnDisk,
  counted,
  KiB,
  makeFolder,
  type OpenedTier,
  openTier,
  recordFiles,
  recount,
} from '../support/disk-folders.ts'
import { fc } from '../support/fast-check.ts'

const maxBytes = 128 * KiB
/** Half of it: more is not kept. */
const largestRecord = 64 * KiB

type Step =
  | { readonly do: 'put'; readonly id: RecordId; readonly record: CacheRecord }
  | { readonly do: 'get' | 'remove'; readonly id: RecordId }
  | { readonly do: 'clear'; readonly scope: Scope }
  | { readonly do: 'save' | 'stop' | 'crash' }

const buckets = fc.constantFrom('a', 'b')
const objects = fc.constantFrom('1', '2', '3', '4', '5', '6', '7', '8')
const ids = fc
  .tuple(objects, buckets, fc.option(fc.nat(2)))
  .map(([object, bucket, index]) => (index === null ? idOf(object, bucket) : sliceIdOf(object, index, bucket)))
const text = fc
  .tuple(fc.nat(255), fc.oneof(fc.nat(200), fc.nat(20_000), fc.constant(70_000)))
  .map(([code, length]) => String.fromCharCode(code).repeat(length))
const records = fc.tuple(text, fc.boolean()).map(([body, isSlice]) => (isSlice ? sliceOf(body, 1e6) : objectOf(body)))
const scopes: fc.Arbitrary<Scope> = fc.oneof(
  fc.constant(everything),
  buckets.map((bucket): Scope => ({ kind: 'bucket', bucket })),
  ids.map((id): Scope => ({ kind: 'object', id })),
  fc.tuple(buckets, objects).map(([bucket, object]): Scope => ({ kind: 'prefix', start: idOf(object, bucket) })),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('put' as const), id: ids, record: records }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('get' as const, 'remove' as const), id: ids }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('clear' as const), scope: scopes }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('save' as const, 'stop' as const, 'crash' as const) }) },
)

/** A tier, and what was put last under each id. */
class Model {
  readonly folder: string
  readonly put = new Map<RecordId, CacheRecord>()
  #tier: OpenedTier

  constructor(folder: string, tier: OpenedTier) {
    this.folder = folder
    this.#tier = tier
  }

  async run(next: Step): Promise<void> {
    switch (next.do) {
      case 'put':
        this.put.set(next.id, next.record)
        return this.#tier.put(next.id, next.record)
      case 'get':
        return this.check(next.id)
      case 'remove':
        this.put.delete(next.id)
        await this.#tier.remove(next.id)
        return
      case 'clear':
        for (const id of this.put.keys()) if (covers(next.scope, id)) this.put.delete(id)
        await this.#tier.clear(next.scope)
        return
      case 'save':
        return this.#tier.clock.advance(60_000)
      case 'stop':
        return this.#reopen(async () => undefined)
      case 'crash':
        return this.#reopen(() => this.#makeItACrash())
    }
  }

  async check(id: RecordId): Promise<void> {
    const read = await this.#tier.get(id)
    if (read !== undefined) assert.deepEqual(read, this.put.get(id))
    // Nothing comes between: what is had at once is what was read before.
    const readNow = this.#tier.getNow?.(id)
    if (readNow !== undefined) assert.deepEqual(readNow, read)
  }

  async close(): Promise<void> {
    const said = counted(this.#tier)
    await this.#tier.close()
    assert.deepEqual(said, recount(this.folder))
    assert.ok(said.bytes <= maxBytes)
  }

  /** The snapshot of before the last start, if there was one, beside the files of now; an interrupted write. */
  async #makeItACrash(): Promise<void> {
    await rm(join(this.folder, 'clean-stop'), { force: true })
    await copyFile(join(this.folder, 'older'), join(this.folder, 'index')).catch(() => rm(join(this.folder, 'index')))
    await writeFile(join(this.folder, 'tmp', '7'), 'half a rec')
  }

  async #reopen(meanwhile: () => Promise<void>): Promise<void> {
    await this.close()
    await meanwhile()
    await copyFile(join(this.folder, 'index'), join(this.folder, 'older')).catch(() => undefined)
    this.#tier = await openTier(this.folder, { maxBytes })
    await this.#tier.recovered
    assert.deepEqual(counted(this.#tier), recount(this.folder))
  }
}

async function modelIn(t: Pick<TestContext, 'after'>): Promise<Model> {
  const folder = await makeFolder(t)
  return new Model(folder, await openTier(folder, { maxBytes }))
}

test('whatever is put, removed, cleared, stopped or crashed: only what was put last is found, and sizes equal a recount', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const model = await modelIn(t)
      for (const next of steps) await model.run(next)
      for (const id of model.put.keys()) await model.check(id)
      await model.close()
    }),
    { numRuns: 30, interruptAfterTimeLimit: 8_000 },
  )
})

test('calls at the same time act in their order for each id, and the disk never holds more than the bound and one record', async (t) => {
  const calls = fc.array(
    step.filter(({ do: what }) => ['put', 'get', 'remove'].includes(what)),
    { maxLength: 60, size: 'max' },
  )
  await fc.assert(
    fc.asyncProperty(calls, async (steps) => {
      const folder = await makeFolder(t)
      const tier = await openTier(folder, { maxBytes })
      const put = new Map<RecordId, CacheRecord>()
      const answers = steps.map(async (next) => {
        if (next.do === 'put') {
          put.set(next.id, next.record)
          await tier.put(next.id, next.record)
        } else if (next.do === 'remove') {
          put.delete(next.id)
          await tier.remove(next.id)
        } else if (next.do === 'get') {
          const wanted = put.get(next.id)
          const read = await tier.get(next.id)
          if (read !== undefined) assert.deepEqual(read, wanted)
        }
        const onDisk = bytesOnDisk(folder)
        assert.ok(onDisk <= maxBytes + largestRecord, `${onDisk} bytes on the disk`)
      })
      await Promise.all(answers)
      const said = counted(tier)
      await tier.close()
      assert.deepEqual(said, recount(folder))
    }),
    { numRuns: 30, interruptAfterTimeLimit: 8_000 },
  )
})

const damages = fc.array(
  fc.record({
    file: fc.nat(),
    at: fc.nat(),
    how: fc.oneof(
      fc.record({ flip: fc.nat(7) }),
      fc.constant('truncate' as const),
      fc.record({ write: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
    ),
  }),
  { minLength: 1, maxLength: 12 },
)

async function damage(path: string, at: number, how: 'truncate' | { flip: number } | { write: Uint8Array }) {
  const bytes = await readFile(path)
  const offset = bytes.length === 0 ? 0 : at % bytes.length
  if (how === 'truncate') return writeFile(path, bytes.subarray(0, offset))
  const noise = 'write' in how ? how.write : Uint8Array.of((bytes[offset] ?? 0) ^ (1 << how.flip))
  return writeFile(path, Buffer.concat([bytes.subarray(0, offset), noise, bytes.subarray(offset + noise.length)]))
}

async function filledFolder(folder: string): Promise<ReadonlyMap<RecordId, CacheRecord>> {
  const put = new Map<RecordId, CacheRecord>()
  for (let object = 0; object < 12; object++) {
    put.set(idOf(`${object}`), objectOf(`${object}`.repeat(15 * object ** 3)))
    put.set(sliceIdOf('large', object), sliceOf(`${object}`.repeat(100), 5000))
  }
  const tier = await openTier(folder)
  for (const [id, record] of put) await tier.put(id, record)
  await tier.close()
  return put
}

async function assertNothingWrong(tier: OpenedTier, put: ReadonlyMap<RecordId, CacheRecord>): Promise<void> {
  for (const [id, record] of put) {
    const read = await tier.get(id)
    if (read !== undefined) assert.deepEqual(read, record)
    const readNow = tier.getNow?.(id)
    if (readNow !== undefined) assert.deepEqual(readNow, record)
  }
}

const otherFiles = ['index', 'index', 'clean-stop', 'lock']

test('whatever is flipped, cut or overwritten in any file: never a wrong byte, never a crash, and sizes are right again', async (t) => {
  await fc.assert(
    fc.asyncProperty(damages, fc.boolean(), fc.boolean(), async (all, isCleanStop, isWaitedFor) => {
      const folder = await makeFolder(t)
      const put = await filledFolder(folder)
      const files = [...recordFiles(folder), ...otherFiles.map((name) => join(folder, name))]
      for (const { file, at, how } of all) await damage(files[file % files.length] ?? '', at, how)
      if (!isCleanStop) await rm(join(folder, 'clean-stop'))

      const tier = await openTier(folder)
      if (isWaitedFor) await tier.recovered
      await assertNothingWrong(tier, put)
      await tier.recovered
      for (const [id, record] of put) await tier.put(id, record)
      for (const [id, record] of put) assert.deepEqual(await tier.get(id), record)
      const said = counted(tier)
      await tier.close()
      assert.deepEqual(said, recount(folder))
    }),
    { numRuns: 40, interruptAfterTimeLimit: 8_000 },
  )
})
