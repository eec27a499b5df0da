import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { isLent } from '../../../src/base/lent-bytes.ts'
import { Barrier } from '../../support/barrier.ts'
import { bytesIn, idOf, objectOf } from '../../support/cache-records.ts'
import { counted, KiB, makeFolder, openTier, pathOf } from '../../support/disk-folders.ts'
import { FaultyFiles } from '../../support/faulty-files.ts'

const a = idOf('a')

/** A tier with an object of so many bytes in it, which was read. */
async function tierWith(t: TestContext, bytes: number) {
  const folder = await makeFolder(t)
  const files = new FaultyFiles()
  const tier = await openTier(folder, { files })
  const record = objectOf(bytes)
  await tier.put(a, record)
  const isHadAtOnce = () => tier.getNow?.(a) !== undefined
  assert.equal(isHadAtOnce(), false)
  assert.notEqual(await tier.get(a), undefined)
  return { folder, files, tier, record, isHadAtOnce }
}

/** In the file that is there, not in a new one of its name. */
function flipBit(path: string, at: number): void {
  const byte = readFileSync(path)[at] ?? 0
  const fd = openSync(path, 'r+')
  writeSync(fd, Uint8Array.of(byte ^ 1), 0, 1, at)
  closeSync(fd)
}

test('a record that was read is had at once for ten seconds, as the same head', async (t) => {
  const { tier, record, isHadAtOnce } = await tierWith(t, 100)
  const [first, second] = [tier.getNow?.(a), tier.getNow?.(a)]
  assert.deepEqual([first, second], [record, record])
  assert.ok(first?.kind === 'object' && second?.kind === 'object' && first.head === second.head)
  await tier.clock.advance(10_001)
  assert.equal(isHadAtOnce(), false)
  assert.deepEqual(await tier.get(a), record)
  assert.deepEqual(tier.getNow?.(a), record)
  await tier.close()
  assert.equal(isHadAtOnce(), false)
})

test('a long body is lent: its bytes are the next one’s when they are given back, and what was not lent stays', async (t) => {
  const { tier, record } = await tierWith(t, 64 * KiB)
  const [first, second] = [tier.lendNow?.(a), tier.lendNow?.(a)]
  assert.deepEqual([first?.record, second?.record, tier.getNow?.(a)], [record, record, record])
  const bytesOf = (lent: typeof first) => bytesIn(lent?.record)?.buffer
  assert.ok(isLent(bytesIn(first?.record) as Uint8Array))
  assert.notEqual(bytesOf(first), bytesOf(second))
  first?.release()
  assert.equal(bytesOf(tier.lendNow?.(a)), bytesOf(first))
  assert.deepEqual(second?.record, record)
  await tier.close()
  assert.equal(tier.lendNow?.(a), undefined)
})

test('a damaged file keeps no room, and a short body needs none', async (t) => {
  const { folder, tier } = await tierWith(t, 64 * KiB)
  const lent = tier.lendNow?.(a)
  lent?.release()
  flipBit(pathOf(folder, a), 40 * KiB)
  assert.equal(tier.lendNow?.(a), undefined)
  await tier.put(idOf('b'), objectOf(64 * KiB))
  await tier.get(idOf('b'))
  const other = tier.lendNow?.(idOf('b'))
  const bodies = [lent, other].map((each) => bytesIn(each?.record)?.buffer)
  assert.equal(bodies[0], bodies[1])
  await tier.put(idOf('c'), objectOf('short'))
  await tier.get(idOf('c'))
  const short = tier.lendNow?.(idOf('c'))
  short?.release()
  assert.ok(short?.record.kind === 'object' && short.record.body && !isLent(short.record.body))
  await tier.close()
})

test('a long record is never had at once, and nothing is prepared for it', async (t) => {
  const { tier, isHadAtOnce } = await tierWith(t, 128 * KiB)
  assert.equal(isHadAtOnce(), false)
  const prepared = t.mock.method(Buffer, 'allocUnsafeSlow')
  assert.equal(tier.lendNow?.(a), undefined)
  assert.equal(prepared.mock.callCount(), 0)
  await tier.close()
})

test('a record is not had at once while it changes, nor afterwards before it was read', async (t) => {
  const { files, tier, isHadAtOnce } = await tierWith(t, 100)
  const barrier = new Barrier()
  files.holds.set('rename', barrier)
  const putting = tier.put(a, objectOf('newer'))
  assert.equal(isHadAtOnce(), false)
  await barrier.reached
  assert.equal(isHadAtOnce(), false)
  files.holds.clear()
  barrier.release()
  await putting
  assert.equal(isHadAtOnce(), false)
  await tier.get(a)
  assert.deepEqual(tier.getNow?.(a), objectOf('newer'))
  await tier.remove(a)
  assert.equal(isHadAtOnce(), false)
  await tier.close()
})

test('being had at once is a use, and being asked for in vain is none', async (t) => {
  const tier = await openTier(await makeFolder(t), { maxBytes: 80 * KiB })
  const put = async (name: string) => {
    await tier.put(idOf(name), objectOf(100))
    if (name !== 'never read') await tier.get(idOf(name))
  }
  for (const name of ['used', 'read once', 'never read']) await put(name)
  for (let index = 0; index < 12; index++) await put(`${index}`)
  for (let uses = 0; uses < 3; uses++) {
    assert.notEqual(tier.getNow?.(idOf('used')), undefined)
    assert.equal(tier.getNow?.(idOf('never read')), undefined)
  }
  for (let index = 12; index < 50; index++) {
    await put(`${index}`)
    if (index === 25) assert.equal(await tier.has(idOf('never read')), false)
  }
  assert.equal(await tier.has(idOf('used')), true)
  assert.equal(await tier.has(idOf('read once')), false)
  await tier.close()
})

test('another record in the place of the one that was read is not taken for it', async (t) => {
  const { folder, tier, isHadAtOnce } = await tierWith(t, 100)
  await tier.put(idOf('b'), objectOf(100))
  writeFileSync(pathOf(folder, a), readFileSync(pathOf(folder, idOf('b'))))
  assert.equal(isHadAtOnce(), false)
  assert.equal(await tier.get(a), undefined)
  await tier.close()
})

for (const [what, bytes] of [
  ['short', 100],
  ['long', 40 * KiB],
] as const) {
  for (const [where, at] of [
    ['header', 16],
    ['head', 30],
    ['body', -50],
    ['last byte', -1],
  ] as const) {
    test(`a ${what} record whose ${where} was damaged since it was read is a miss that removes itself`, async (t) => {
      const { folder, tier, isHadAtOnce } = await tierWith(t, bytes)
      const path = pathOf(folder, a)
      flipBit(path, at < 0 ? readFileSync(path).length + at : at)
      assert.equal(isHadAtOnce(), false)
      assert.equal((await tier.get(a)) === undefined, true)
      assert.deepEqual(counted(tier), { items: 0, bytes: 0 })
      assert.deepEqual(tier.events.lines, ['disk failed get'])
      await tier.close()
    })
  }
}

test('a read at once that fails says nothing, and the one that follows says why', async (t) => {
  const { files, tier, record, isHadAtOnce } = await tierWith(t, 100)
  files.failures.set('read', 'EIO')
  assert.equal(isHadAtOnce(), false)
  await assert.rejects(tier.get(a), { code: 'EIO' })
  files.failures.clear()
  assert.deepEqual(await tier.get(a), record)
  await tier.close()
})
