/** A tier that another thread has. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryTier } from '../../../src/cache/memory-tier.ts'
import type { CacheRecord } from '../../../src/cache/record.ts'
import { type CacheTier, TierUnavailable } from '../../../src/cache/tier.ts'
import { LinkClosed } from '../../../src/workers/link.ts'
import { createRemoteTier, tierCalls } from '../../../src/workers/remote-tier.ts'
import { Barrier } from '../../support/barrier.ts'
import { bytesIn, headOf, idOf, objectOf, sliceOf } from '../../support/cache-records.ts'
import { faulty } from '../../support/faulty-tier.ts'
import { linkedSides } from '../../support/linked-sides.ts'
import { TierEventLog } from '../../support/tier-event-log.ts'

const bounds = { maxBytes: 2 ** 20, maxItemBytes: 2 ** 18, eviction: 'lru' } as const
const createTier = (): CacheTier => ({ ...asPlain(createMemoryTier(bounds, new TierEventLog())), name: 'disk' })

function asPlain(tier: CacheTier): CacheTier {
  return faulty(tier, { on: [] })
}

function remoteOver(tier: CacheTier) {
  const sides = linkedSides(tierCalls([tier]))
  return { ...sides, tier: createRemoteTier('disk', sides.near) }
}

test('only its own bytes go with a record, be they a part of a pool or of memory that threads share', async () => {
  const there = createTier()
  using sides = remoteOver(there)
  const pool = Buffer.alloc(4096, 'x')
  const shared = new Uint8Array(new SharedArrayBuffer(64)).fill(7)
  const records: readonly CacheRecord[] = [
    { kind: 'object', head: headOf(5), body: pool.subarray(10, 15) },
    { ...sliceOf('', 100), bytes: pool.subarray(20, 30) } as CacheRecord,
    { kind: 'object', head: headOf(64), body: shared },
  ]
  for (const [index, record] of records.entries()) {
    await sides.tier.put(idOf(`${index}`), record)
    shared.fill(8)
    const put = bytesIn(await there.get(idOf(`${index}`)))
    assert.equal(put?.buffer.byteLength, bytesIn(record)?.byteLength)
    assert.deepEqual(put && [...new Set(put)], [index === 2 ? 7 : 120])
    shared.fill(7)
    assert.deepEqual(bytesIn(await sides.tier.get(idOf(`${index}`))), put)
  }
})

test('a record handed in is left as it is', async () => {
  using sides = remoteOver(createTier())
  const record = objectOf('hello')
  await sides.tier.put(idOf('a'), record)
  assert.equal(Buffer.from(bytesIn(record) ?? []).toString(), 'hello')
})

test('a tier that is left alone is told from one that fails', async () => {
  const refuse = async () => {
    throw new TierUnavailable('the disk tier is left alone while its breaker is open')
  }
  using refusing = remoteOver({ ...createTier(), put: refuse, remove: refuse })
  await assert.rejects(refusing.tier.put(idOf('a'), objectOf('a')), TierUnavailable)
  await assert.rejects(refusing.tier.remove(idOf('a')), TierUnavailable)

  using failing = remoteOver(faulty(createTier(), { failEvery: 1 }))
  const failure = (error: unknown) => !(error instanceof TierUnavailable) && /get fails on purpose/.test(String(error))
  await assert.rejects(failing.tier.get(idOf('a')), failure)
})

test('what waits for a thread that ends is rejected', async () => {
  const hold = new Barrier()
  using sides = remoteOver(faulty(createTier(), { on: ['get'], hold }))
  const waiting = assert.rejects(sides.tier.get(idOf('a')), LinkClosed)
  sides.near.close()
  await waiting
  await assert.rejects(sides.tier.put(idOf('a'), objectOf('a')), LinkClosed)
})

test('closing it waits for what is under way, and leaves the tier of the other thread open', async () => {
  const there = createTier()
  const hold = new Barrier()
  using sides = remoteOver(faulty(there, { on: ['put'], hold }))
  const putting = sides.tier.put(idOf('a'), objectOf('a'))
  let isClosed = false
  const closing = sides.tier.close().then(() => {
    isClosed = true
  })
  await hold.reached
  await sides.settle()
  assert.equal(isClosed, false)
  hold.release()
  await Promise.all([closing, putting])
  assert.deepEqual(await there.get(idOf('a')), objectOf('a'))
  await assert.rejects(sides.tier.get(idOf('a')))
})

test('it counts nothing: the thread that has the tier does', async () => {
  using sides = remoteOver(createTier())
  await sides.tier.put(idOf('a'), objectOf('a'))
  assert.deepEqual(sides.tier.usage(), { items: 0, bytes: 0, maxBytes: 0, buckets: new Map() })
})
