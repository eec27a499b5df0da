import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordId } from '../../src/base/types.ts'
import { CacheKey } from '../../src/cache/cache-key.ts'
import type { CacheRecord } from '../../src/cache/record.ts'
import { everything } from '../../src/cache/scope.ts'
import type { CacheTier } from '../../src/cache/tier.ts'
import { bytesIn, headOf, idOf, objectOf, sliceIdOf, sliceOf } from '../support/cache-records.ts'
import { fc } from '../support/fast-check.ts'
import { type ScopeTraits, tierScopesContract } from './tier-scopes.contract.ts'

/** A fresh tier that holds at most so many bytes, and no objects over `maxItemBytes` if it bounds them. */
export type MakeTier = (bounds: { maxBytes: number; maxItemBytes: number }) => CacheTier | Promise<CacheTier>

const roomy = { maxBytes: 2 ** 20, maxItemBytes: 2 ** 18 }

export interface TierTraits extends ScopeTraits {
  /** Holds any object that its own size allows; others bound each object. */
  readonly boundsTierAlone?: boolean
  /** What it keeps records on has a bound of its own, which is not the tier's affair. */
  readonly isBoundElsewhere?: boolean
}

/** What every tier promises, whatever it keeps records on. */
export function cacheTierContract(
  name: string,
  make: MakeTier,
  { boundsTierAlone = false, isBoundElsewhere = false, ...scopeTraits }: TierTraits = {},
): void {
  tierScopesContract(name, async () => make(roomy), scopeTraits)

  const check = (promise: string, run: (tier: CacheTier) => Promise<void>, bounds = roomy) =>
    test(`${name}: ${promise}`, async () => {
      const tier = await make(bounds)
      await run(tier)
      await tier.close()
    })

  check('get after put returns equal bytes and head, of every kind of record', async (tier) => {
    const records = [
      objectOf('hello', { headers: ['X-Amz-Meta-A', '\xe9', 'Set-Cookie', 'a', 'Set-Cookie', 'b'] }),
      objectOf(''),
      { kind: 'object', head: headOf(5) } as const,
      { kind: 'object', head: headOf(0, { status: 404, absence: 'NoSuchKey' }) } as const,
      sliceOf('a slice', 100),
      objectOf('tagged', { tags: ['red', '\u65e5\u672c', 'with space'] }),
      { ...sliceOf('a tagged slice', 100), tags: ['red'] } as CacheRecord,
      { kind: 'vary', names: ['accept', 'origin'], originFingerprint: 'x' } as const,
    ]
    for (const [index, record] of records.entries()) await tier.put(idOf(`${index}`), record)
    for (const [index, record] of records.entries()) assert.deepEqual(await tier.get(idOf(`${index}`)), record)
    assert.equal(tier.usage().items, records.length)
  })

  check('what is put at once is there, in place of what was', async (tier) => {
    if (tier.putNow === undefined) return
    await tier.put(idOf('a'), objectOf('older'))
    tier.putNow(idOf('a'), objectOf('newer'))
    assert.deepEqual(await tier.get(idOf('a')), objectOf('newer'))
    assert.equal(tier.usage().items, 1)
    await tier.close()
    assert.throws(() => tier.putNow?.(idOf('a'), objectOf('late')))
  })

  check('what is had at once is what get gives, or nothing', async (tier) => {
    const expectAtMost = (record: CacheRecord | undefined) => {
      const atOnce = tier.getNow?.(idOf('a'))
      if (atOnce !== undefined) assert.deepEqual(atOnce, record)
    }
    expectAtMost(undefined)
    for (const record of [objectOf('first'), objectOf('second, longer'), objectOf('third')]) {
      const putting = tier.put(idOf('a'), record)
      expectAtMost(record)
      await putting
      expectAtMost(record)
      await tier.get(idOf('a'))
      expectAtMost(record)
    }
    const removing = tier.remove(idOf('a'))
    expectAtMost(undefined)
    await removing
    expectAtMost(undefined)
    await tier.put(idOf('a'), objectOf('again'))
    await tier.get(idOf('a'))
    await tier.close()
    expectAtMost(undefined)
  })

  check('what was never put is undefined', async (tier) => {
    await tier.put(idOf('a'), objectOf('a'))
    assert.equal(await tier.get(idOf('b')), undefined)
    assert.equal(await tier.get(idOf('a', 'other')), undefined)
    assert.equal(await tier.has(idOf('b')), false)
    assert.equal(await tier.has(idOf('a')), true)
  })

  check('put replaces, heads and slices alike', async (tier) => {
    for (const record of [
      objectOf('first'),
      objectOf('second, longer'),
      { kind: 'object', head: headOf(7) } as const,
    ]) {
      await tier.put(idOf('a'), record)
      assert.deepEqual(await tier.get(idOf('a')), record)
    }
    await tier.put(sliceIdOf('a', 1), sliceOf('first', 100))
    await tier.put(sliceIdOf('a', 1), sliceOf('second', 100, '"2"'))
    assert.deepEqual(await tier.get(sliceIdOf('a', 1)), sliceOf('second', 100, '"2"'))
    assert.equal(tier.usage().items, 2)
  })

  check('remove forgets, says what it freed, and may be repeated', async (tier) => {
    await tier.put(idOf('a'), objectOf(1000))
    await tier.put(idOf('b'), objectOf('kept'))
    const removed = await tier.remove(idOf('a'))
    assert.equal(removed.entries, 1)
    assert.ok(removed.bytes >= 1000)
    assert.equal(await tier.get(idOf('a')), undefined)
    assert.deepEqual(await tier.remove(idOf('a')), { entries: 0, bytes: 0 })
    assert.deepEqual(await tier.get(idOf('b')), objectOf('kept'))
  })

  check('clear forgets one bucket, or everything', async (tier) => {
    for (const bucket of ['a', 'ab', 'b']) {
      for (const object of ['1', '2']) await tier.put(idOf(object, bucket), objectOf(object))
    }
    assert.equal((await tier.clear({ kind: 'bucket', bucket: 'a' })).entries, 2)
    assert.equal(await tier.has(idOf('1', 'a')), false)
    assert.equal(await tier.has(idOf('1', 'ab')), true)
    assert.equal((await tier.clear(everything)).entries, 4)
    assert.equal(await tier.has(idOf('2', 'b')), false)
    const { items, bytes, maxBytes } = tier.usage()
    assert.deepEqual({ items, bytes }, { items: 0, bytes: 0 })
    if (!isBoundElsewhere) assert.equal(maxBytes, roomy.maxBytes)
    assert.deepEqual(await tier.clear(everything), { entries: 0, bytes: 0 })
  })

  check('operations on one id take effect in the order they were called', async (tier) => {
    const id = idOf('a')
    await Promise.all([tier.put(id, objectOf('first')), tier.put(id, objectOf('second'))])
    assert.deepEqual(await tier.get(id), objectOf('second'))
    await Promise.all([tier.put(id, objectOf('third')), tier.remove(id)])
    assert.equal(await tier.get(id), undefined)
    await Promise.all([tier.put(id, objectOf('fourth')), tier.clear({ kind: 'bucket', bucket: 'media' })])
    assert.equal(await tier.get(id), undefined)
  })

  check('concurrent puts and gets of one id never mix two records', async (tier) => {
    const id = idOf('a')
    const versions = Array.from({ length: 20 }, (_, version) =>
      objectOf(`${version}`.repeat(version), { status: version }),
    )
    const reads = versions.map(async (record) => {
      const [, read] = await Promise.all([tier.put(id, record), tier.get(id)])
      if (read !== undefined) assert.deepEqual(read, versions[read.kind === 'object' ? read.head.status : -1])
    })
    await Promise.all(reads)
  })

  test(`${name}: the sum of stored sizes never exceeds the bound, and buckets add up to it`, async () => {
    const mayHold = isBoundElsewhere ? Number.POSITIVE_INFINITY : 16_384
    const puts = fc.array(fc.tuple(fc.nat(30), fc.nat(3), fc.nat(3000)), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(puts, async (chosen) => {
        const tier = await make({ maxBytes: 16_384, maxItemBytes: 8192 })
        for (const [object, bucket, size] of chosen) {
          await tier.put(idOf(`${object}`, `b${bucket}`), objectOf(size))
          const { bytes, items, buckets } = tier.usage()
          assert.ok(bytes <= mayHold)
          assert.equal(
            bytes,
            [...buckets.values()].reduce((sum, row) => sum + row.bytes, 0),
          )
          assert.equal(
            items,
            [...buckets.values()].reduce((sum, row) => sum + row.items, 0),
          )
        }
        await tier.close()
      }),
      { numRuns: 30 },
    )
  })

  check('a record that is too large is declined, not thrown, and the older one is gone', async (tier) => {
    for (const size of [...(boundsTierAlone ? [] : [roomy.maxItemBytes + 1]), roomy.maxBytes * 2]) {
      await tier.put(idOf('a'), objectOf('small'))
      await tier.put(idOf('a'), objectOf(size))
      assert.equal(await tier.get(idOf('a')), undefined)
      assert.equal(tier.usage().items, 0)
    }
  })

  check('bytes handed out are not changed by later puts', async (tier) => {
    await tier.put(idOf('a'), objectOf('before'))
    const read = await tier.get(idOf('a'))
    await tier.put(idOf('a'), objectOf('later!'))
    for (let index = 0; index < 50; index++) await tier.put(idOf(`${index}`), objectOf(roomy.maxItemBytes / 2))
    assert.equal(Buffer.from(bytesIn(read) ?? []).toString(), 'before')
  })

  check('hostile ids are told apart', async (tier) => {
    const objects = [
      'a',
      'a/',
      '//a',
      'a//',
      '%61',
      '%2561',
      'a:s=0',
      'a:q=1',
      '../a',
      '\0',
      '\x7f',
      ' ',
      '\u00e9',
      'e\u0301',
      '😀',
      '__proto__',
    ]
    const ids: RecordId[] = objects.map((object) => idOf(object))
    ids.push(sliceIdOf('a', 0), new CacheKey('media', 'a', '1').id, new CacheKey('media', 'a', '', '1').id)
    for (const [index, id] of ids.entries()) await tier.put(id, objectOf(`${index}`))
    for (const [index, id] of ids.entries()) assert.deepEqual(await tier.get(id), objectOf(`${index}`))
    assert.equal(tier.usage().items, ids.length)
  })

  test(`${name}: after close every call rejects, and no timer or handle is left`, async () => {
    const before = process.getActiveResourcesInfo()
    const tier = await make(roomy)
    await tier.put(idOf('a'), objectOf('a'))
    await tier.close()
    await assert.rejects(tier.get(idOf('a')))
    await assert.rejects(tier.has(idOf('a')))
    await assert.rejects(tier.put(idOf('a'), objectOf('a')))
    await assert.rejects(tier.remove(idOf('a')))
    await assert.rejects(tier.clear(everything))
    assert.deepEqual(process.getActiveResourcesInfo(), before)
  })
}
