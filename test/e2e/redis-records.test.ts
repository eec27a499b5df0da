/** The Redis tier over a real redis-server: what is in Redis, and for whom. */

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { EpochMs, RecordId } from '../../src/base/types.ts'
import { recordFormat } from '../../src/cache/record-codec.ts'
import { everything } from '../../src/cache/scope.ts'
import { bytesIn, headOf, idOf, objectOf, sliceIdOf, sliceOf } from '../support/cache-records.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { askRedis, startOwnRedis } from '../support/redis-server.ts'
import { eventually, openTestTier, type RedisTierChoice, untilUsable } from '../support/redis-tier.ts'

const server = await startOwnRedis({ after })
const { url } = server
let prefixes = 0
const freshPrefix = () => `records-${prefixes++}:`

async function open(choice: Partial<RedisTierChoice> = {}) {
  return openTestTier({ url, ...choice })
}

test('two tiers on one Redis share what either stores and removes', async (t) => {
  const keyPrefix = freshPrefix()
  const [one, other] = [await open({ keyPrefix }), await open({ keyPrefix })]
  t.after(() => Promise.all([one.close(), other.close()]))
  await one.put(idOf('x'), objectOf('shared'))
  assert.equal(Buffer.from(bytesIn(await other.get(idOf('x'))) ?? []).toString(), 'shared')
  assert.equal((await other.remove(idOf('x'))).entries, 1)
  assert.equal(await one.get(idOf('x')), undefined)
})

test('a key is the prefix and the id as it is, with the stay in Redis on it', async (t) => {
  const keyPrefix = freshPrefix()
  const tier = await open({ keyPrefix, ttlMs: 90_000 })
  t.after(() => tier.close())
  await tier.put(idOf('films/a b:é.mp4'), objectOf('x'))
  await tier.put(sliceIdOf('big', 3), sliceOf(100_000, 2 ** 22))
  const keys = (await server.ask('KEYS', `${keyPrefix}*`)) as string[]
  assert.deepEqual(keys.sort(), [`${keyPrefix}media:big:s=3`, `${keyPrefix}media:films/a%20b%3Aé.mp4`])
  for (const key of keys) {
    const ttlMs = Number(await server.ask('PTTL', key))
    assert.ok(ttlMs > 60_000 && ttlMs <= 90_000, `${key}: ${ttlMs}`)
  }
})

test('a stay of 0 is for ever', async (t) => {
  const keyPrefix = freshPrefix()
  const tier = await open({ keyPrefix, ttlMs: 0 })
  t.after(() => tier.close())
  await tier.put(idOf('x'), objectOf('x'))
  assert.equal(await server.ask('PTTL', `${keyPrefix}media:x`), -1)
})

test('ids and bodies of any bytes come back', async (t) => {
  const tier = await open()
  t.after(() => tier.close())
  const every = Uint8Array.from({ length: 256 * 300 }, (_, index) => index)
  const slice = { ...sliceOf(0, 2 ** 22), bytes: every }
  for (const object of ['\r\n$3\r\n', '*?[a]\\', '{tag}x', '\u{1f600}', 'a\0b']) {
    await tier.put(sliceIdOf(object, 0), slice)
    assert.deepEqual(await tier.get(sliceIdOf(object, 0)), slice)
    assert.equal(await tier.has(sliceIdOf(object, 0)), true)
  }
})

test('an object comes back whole on both sides of what goes over the bulk connection', async (t) => {
  const tier = await open()
  t.after(() => tier.close())
  const overhead = 200
  for (const size of [32_768 - overhead, 32_767, 32_768, 32_769, 100_000, 2 ** 20]) {
    await tier.put(idOf(`${size}`), objectOf(size))
    assert.equal(bytesIn(await tier.get(idOf(`${size}`)))?.byteLength, size)
  }
  for (let bytes = 32_560; bytes < 32_660; bytes++) {
    await tier.put(idOf('edge'), objectOf(bytes))
    assert.equal(bytesIn(await tier.get(idOf('edge')))?.byteLength, bytes)
  }
})

test('FLUSHALL is a miss', async (t) => {
  const own = await startOwnRedis(t)
  const tier = await open({ url: own.url })
  t.after(() => tier.close())
  await tier.put(idOf('x'), objectOf('x'))
  await own.ask('FLUSHALL')
  assert.equal(await tier.get(idOf('x')), undefined)
  assert.equal(await tier.has(idOf('x')), false)
})

const garbage: readonly (readonly [string, (key: string) => Promise<unknown>])[] = [
  ['text', (key) => server.ask('SET', key, 'hello')],
  ['a list', (key) => server.ask('LPUSH', key, 'hello')],
  ['zeros and letters', (key) => server.ask('SETRANGE', key, '20', 'xx')],
  ['a value beyond all bounds', (key) => server.ask('SETRANGE', key, String(5 * 2 ** 20), 'x')],
]

for (const [what, write] of garbage) {
  for (const id of [idOf('x'), sliceIdOf('x', 1)]) {
    test(`${what} under the key of ${id} fails once, and is gone`, async (t) => {
      const keyPrefix = freshPrefix()
      const tier = await open({ keyPrefix })
      t.after(() => tier.close())
      await write(keyPrefix + id)
      await assert.rejects(tier.get(id), /no record/)
      assert.equal(await tier.get(id), undefined)
      assert.equal(await server.ask('EXISTS', keyPrefix + id), 0)
    })
  }
}

test('a value of another format version is a miss, and stays for those who can read it', async (t) => {
  const keyPrefix = freshPrefix()
  const tier = await open({ keyPrefix })
  t.after(() => tier.close())
  await tier.put(idOf('x'), objectOf('x'))
  await server.ask('SETRANGE', `${keyPrefix}media:x`, '1', String.fromCharCode(recordFormat + 1))
  assert.equal(await tier.get(idOf('x')), undefined)
  assert.equal(await server.ask('EXISTS', `${keyPrefix}media:x`), 1)
})

test('clear leaves other prefixes and other buckets alone, whatever characters are in their names', async (t) => {
  const own = await startOwnRedis(t)
  const tier = await open({ url: own.url, keyPrefix: 'y*[a]?\\:' })
  t.after(() => tier.close())
  const foreign = ['other:a:1', 'y', 'yxx', 'y*[a]?\\', 'yzza?\\:a:1', 'y*a?:a:1', 'a:1']
  for (const key of foreign) await own.ask('SET', key, 'not ours')
  for (const bucket of ['a', 'ab', 'a.b', 'A']) await tier.put(idOf('1', bucket), objectOf(bucket))
  assert.equal((await tier.clear({ kind: 'bucket', bucket: 'a' })).entries, 1)
  for (const bucket of ['ab', 'a.b', 'A']) assert.equal(await tier.has(idOf('1', bucket)), true)
  const removed = await tier.clear(everything)
  assert.equal(removed.entries, 3)
  assert.ok(removed.bytes > 300)
  assert.deepEqual(((await own.ask('KEYS', '*')) as string[]).sort(), foreign.sort())
})

test('clear takes thousands of records, and counts them', async (t) => {
  const tier = await open()
  t.after(() => tier.close())
  for (let from = 0; from < 5000; from += 500) {
    await Promise.all(Array.from({ length: 500 }, (_, index) => tier.put(idOf(`${from + index}`), objectOf('x'))))
  }
  assert.equal((await tier.clear({ kind: 'bucket', bucket: 'media' })).entries, 5000)
})

test('usage is an estimate from a sample: near the truth among many keys, zeros for a bucket that was emptied', async (t) => {
  const own = await startOwnRedis(t, ['--maxmemory', '500mb', '--enable-debug-command', 'local'])
  await own.ask('DEBUG', 'POPULATE', '30000', 'other')
  const tier = await open({ url: own.url })
  t.after(() => tier.close())
  for (const bucket of ['a', 'b', 'c']) {
    for (let from = 0; from < 5000; from += 500) {
      const put = (_: unknown, index: number) => tier.put(idOf(`${from + index}`, bucket), objectOf(100))
      await Promise.all(Array.from({ length: bucket === 'c' ? 0 : 500 }, put))
    }
  }
  await tier.put(idOf('lone', 'c'), objectOf('x'))
  await tier.recount()
  const { items, bytes, maxBytes, buckets, isEstimate } = tier.usage()
  assert.equal(isEstimate, true)
  assert.equal(maxBytes, 500 * 2 ** 20)
  assert.ok(items > 7000 && items < 13_000, `${items} items`)
  assert.ok(bytes / items > 200 && bytes / items < 500, `${bytes} bytes`)
  const rows = [...buckets.values()]
  assert.equal(
    rows.reduce((sum, row) => sum + row.items, 0),
    items,
  )
  await tier.clear(everything)
  await tier.recount()
  assert.deepEqual(tier.usage().buckets.get('a'), { items: 0, bytes: 0 })
  assert.equal(tier.usage().items, 0)
})

test('proxies whose clocks are a minute apart agree on when a record was stored, within a second', async (t) => {
  const keyPrefix = freshPrefix()
  const [early, late] = [new FakeClock(Date.now() - 60_000), new FakeClock(Date.now() + 60_000)]
  const tiers = await Promise.all([early, late].map((clock) => open({ keyPrefix, clock })))
  t.after(() => Promise.all(tiers.map((tier) => tier.close())))
  const [behind, ahead] = tiers
  assert.ok(behind && ahead)

  const times = { requestedAt: (early.now() - 5000) as EpochMs, storedAt: early.now() }
  await behind.put(idOf('x'), { kind: 'object', head: headOf(5, times) })
  const read = await ahead.get(idOf('x'))
  assert.ok(read?.kind === 'object')
  assert.ok(Math.abs(read.head.storedAt - late.now()) <= 1000, `${read.head.storedAt - late.now()} ms off`)
  assert.equal(read.head.storedAt - read.head.requestedAt, 5000)
  const again = await behind.get(idOf('x'))
  assert.deepEqual(again, { kind: 'object', head: headOf(5, times) })
})

test('while Redis’s clock is not known nothing is read or written', async (t) => {
  const clock = new FakeClock()
  const keyPrefix = freshPrefix()
  const tier = await open({ keyPrefix, clock })
  t.after(() => tier.close())
  await tier.put(idOf('x'), objectOf('x'))
  clock.stepWallTime(3_600_000)
  await assert.rejects(tier.get(idOf('x')), /clock/)
  await assert.rejects(tier.put(idOf('y'), objectOf('y')), /clock/)
  await untilUsable(tier)
  await eventually(async () => (await tier.get(idOf('x'))) !== undefined)
  assert.equal(await tier.has(idOf('y')), false)
})

test('a closed tier has finished what it was writing', async () => {
  const keyPrefix = freshPrefix()
  const tier = await open({ keyPrefix })
  const puts = Array.from({ length: 50 }, (_, index) => tier.put(idOf(`${index % 10}`), objectOf(index)))
  await tier.close()
  await Promise.all(puts)
  const lengths = await Promise.all(
    Array.from({ length: 10 }, (_, index) => askRedis(url, 'STRLEN', `${keyPrefix}media:${index}`)),
  )
  for (const [index, length] of lengths.entries()) assert.equal(length, Number(lengths[0]) + index)
})

test('a record that is too large for Redis takes the older one with it', async (t) => {
  const tier = await open({ maxValueBytes: 1000 })
  t.after(() => tier.close())
  const id: RecordId = idOf('x')
  for (const size of [990, 2000]) {
    await tier.put(id, objectOf('small'))
    await tier.put(id, objectOf(size))
    assert.equal(await tier.get(id), undefined)
  }
})
