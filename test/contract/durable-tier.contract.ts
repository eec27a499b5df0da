import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordId } from '../../src/base/types.ts'
import type { CacheRecord } from '../../src/cache/record.ts'
import type { CacheTier } from '../../src/cache/tier.ts'
import { headOf, idOf, objectOf, sliceIdOf, sliceOf } from '../support/cache-records.ts'

/** A place that outlives the tiers opened on it. */
export interface DurablePlace {
  open(): Promise<CacheTier>
  /** Changes what is stored under an id, byte by byte. The tier is closed. */
  rewrite(id: RecordId, change: (stored: Uint8Array) => Uint8Array): Promise<void>
  /** The stored bytes as a later version of the product would have written them. */
  foreign(stored: Uint8Array): Uint8Array
}

/** What tiers promise besides whose contents outlive the process. */
export function durableTierContract(name: string, makePlace: () => Promise<DurablePlace>): void {
  const records: readonly (readonly [RecordId, CacheRecord])[] = [
    [idOf('whole'), objectOf('hello')],
    [idOf('empty'), objectOf('')],
    [idOf('head'), { kind: 'object', head: headOf(5) }],
    [sliceIdOf('whole', 3), sliceOf('a slice', 100)],
    [idOf('varies'), { kind: 'vary', names: ['accept'], originFingerprint: 'x' }],
    [idOf('twin a'), objectOf('one')],
    [idOf('twin b'), objectOf('two')],
    [idOf('\u65e5\u672c/ %41\x7f'), objectOf('hostile')],
  ]

  async function filled(): Promise<DurablePlace> {
    const place = await makePlace()
    const tier = await place.open()
    for (const [id, record] of records) await tier.put(id, record)
    await tier.close()
    return place
  }

  test(`${name}: records survive a reopening, and so does what was removed`, async () => {
    const place = await filled()
    const second = await place.open()
    assert.equal(second.usage().items, records.length)
    for (const [id, record] of records) assert.deepEqual(await second.get(id), record)
    await second.remove(idOf('whole'))
    await second.close()
    const third = await place.open()
    assert.equal(await third.get(idOf('whole')), undefined)
    assert.deepEqual(await third.get(idOf('empty')), objectOf(''))
    await third.close()
  })

  for (const [how, change] of [
    ['torn', (stored: Uint8Array) => stored.subarray(0, stored.length - 1)],
    ['emptied', () => new Uint8Array()],
    ['changed in one bit', (stored: Uint8Array) => stored.with(stored.length - 1, (stored.at(-1) ?? 0) ^ 1)],
  ] as const) {
    test(`${name}: a record that was ${how} reads as undefined, and can be put again`, async () => {
      const place = await filled()
      for (const [id] of records) await place.rewrite(id, change)
      const tier = await place.open()
      for (const [id] of records) assert.equal(await tier.get(id), undefined)
      for (const [id, record] of records) await tier.put(id, record)
      for (const [id, record] of records) assert.deepEqual(await tier.get(id), record)
      await tier.close()
    })
  }

  test(`${name}: a record of a version to come reads as undefined`, async () => {
    const place = await filled()
    await place.rewrite(idOf('whole'), (stored) => place.foreign(stored))
    const tier = await place.open()
    assert.equal(await tier.get(idOf('whole')), undefined)
    assert.deepEqual(await tier.get(idOf('empty')), objectOf(''))
    await tier.close()
  })

  test(`${name}: a record in the place of another is not taken for it`, async () => {
    const place = await filled()
    let other = new Uint8Array()
    await place.rewrite(idOf('twin a'), (stored) => {
      other = Uint8Array.from(stored)
      return stored
    })
    await place.rewrite(idOf('twin b'), () => other)
    const tier = await place.open()
    assert.equal(await tier.get(idOf('twin b')), undefined)
    assert.deepEqual(await tier.get(idOf('twin a')), objectOf('one'))
    await tier.close()
  })
}
