import assert from 'node:assert/strict'
import { existsSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { encodeFile } from '../../../src/cache/record-file.ts'
import { idOf, objectOf } from '../../support/cache-records.ts'
import {
  bytesOnDisk,
  counted,
  KiB,
  makeFolder,
  openTier,
  pathOf,
  recordFiles,
  recount,
  saveIndex,
} from '../../support/disk-folders.ts'

test('files and folders are for their owner alone', async (t) => {
  const folder = join(await makeFolder(t), 'made', 'on', 'the', 'way')
  const tier = await openTier(folder)
  await tier.put(idOf('a'), objectOf('a'))
  await tier.close()
  const modeOf = (path: string) => statSync(path).mode & 0o777
  const path = pathOf(folder, idOf('a'))
  for (const one of [folder, dirname(path), join(folder, 'tmp')]) assert.equal(modeOf(one), 0o700, one)
  for (const one of [path, join(folder, 'index'), join(folder, 'lock')]) assert.equal(modeOf(one), 0o600, one)
})

test('the order of eviction survives a restart', async (t) => {
  const folder = await makeFolder(t)
  const maxBytes = 80 * KiB
  const first = await openTier(folder, { maxBytes })
  for (const object of ['used', 'unused', 'used too']) await first.put(idOf(object), objectOf(100))
  for (let index = 0; index < 12; index++) await first.put(idOf(`${index}`), objectOf(100))
  for (const object of ['used', 'used too']) for (let uses = 0; uses < 3; uses++) await first.get(idOf(object))
  await first.close()
  const second = await openTier(folder, { maxBytes })
  for (let index = 12; index < 30; index++) await second.put(idOf(`${index}`), objectOf(100))
  assert.equal(await second.has(idOf('unused')), false)
  assert.equal(await second.has(idOf('used')), true)
  assert.equal(await second.has(idOf('used too')), true)
  await second.close()
})

test('evicted records are told of, and their files go', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder, { maxBytes: 64 * KiB })
  for (let index = 0; index < 40; index++) await tier.put(idOf(`${index}`), objectOf(3000))
  const said = counted(tier)
  assert.equal(tier.events.count('disk evicted media size'), 40 - said.items)
  await tier.close()
  assert.deepEqual(recount(folder), said)
  assert.deepEqual(
    tier.events.lines.filter((line) => line.includes('failed')),
    [],
  )
})

test('many puts at a time stay within the bound, files being written included', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder, { maxBytes: 256 * KiB })
  let most = 0
  const puts = Array.from({ length: 100 }, async (_, index) => {
    await tier.put(idOf(`${index}`), objectOf(30 * KiB))
    most = Math.max(most, bytesOnDisk(folder))
  })
  await Promise.all(puts)
  assert.ok(most <= (256 + 32) * KiB, `${most} bytes`)
  await tier.close()
})

test('many puts at a time evict no more than one after the other would', async (t) => {
  const tier = await openTier(await makeFolder(t), { maxBytes: 256 * KiB })
  await tier.put(idOf('in use'), objectOf(100))
  for (let index = 0; index < 10; index++) await tier.put(idOf(`${index}`), objectOf(30 * KiB))
  await tier.put(idOf('in use'), objectOf(100))
  for (let index = 10; index < 20; index++) {
    await tier.put(idOf(`${index}`), objectOf(30 * KiB))
    await tier.get(idOf('in use'))
  }
  await Promise.all(Array.from({ length: 30 }, (_, index) => tier.put(idOf(`at once ${index}`), objectOf(10 * KiB))))
  assert.equal(await tier.has(idOf('in use')), true)
  await tier.close()
})

test('a get that is called after a put finds it, and one that is called before a removal may still', async (t) => {
  const tier = await openTier(await makeFolder(t))
  await tier.put(idOf('a'), objectOf('older'))
  const [before, , after, , removed] = await Promise.all([
    tier.get(idOf('a')),
    tier.put(idOf('a'), objectOf('newer')),
    tier.get(idOf('a')),
    tier.remove(idOf('a')),
    tier.get(idOf('a')),
  ])
  assert.deepEqual(before, objectOf('older'))
  assert.deepEqual(after, objectOf('newer'))
  assert.equal(removed, undefined)
  assert.deepEqual(tier.events.lines, [])
  await tier.close()
})

test('a smaller bound at a restart evicts what is over it', async (t) => {
  const folder = await makeFolder(t)
  const first = await openTier(folder)
  for (let index = 0; index < 40; index++) await first.put(idOf(`${index}`), objectOf(3000))
  await first.close()
  const second = await openTier(folder, { maxBytes: 64 * KiB })
  assert.ok(second.usage().bytes <= 64 * KiB)
  await second.close()
  assert.ok(recount(folder).bytes <= 64 * KiB)
})

test('a damaged file is a miss that removes itself, told of once however many ask', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  await tier.put(idOf('a'), objectOf('hello'))
  truncateSync(pathOf(folder, idOf('a')), 50)
  const answers = await Promise.all(Array.from({ length: 5 }, () => tier.get(idOf('a'))))
  assert.deepEqual(new Set(answers), new Set([undefined]))
  assert.deepEqual(tier.events.lines, ['disk failed get'])
  assert.deepEqual(counted(tier), { items: 0, bytes: 0 })
  assert.deepEqual(recordFiles(folder), [])
  await tier.close()
})

test('the index is saved now and then, and not when nothing changed', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  await tier.clock.advance(60_000)
  assert.equal(existsSync(join(folder, 'index')), false)
  await tier.put(idOf('a'), objectOf('a'))
  await saveIndex(folder, tier)
  assert.equal(existsSync(join(folder, 'clean-stop')), false)
  await tier.close()
  assert.equal(existsSync(join(folder, 'clean-stop')), true)
  const again = await openTier(folder)
  assert.equal(existsSync(join(folder, 'clean-stop')), false)
  await again.close()
})

test('a record that is read again has the head it had, as the same value, while its file says the same', async (t) => {
  const folder = await makeFolder(t)
  const tier = await openTier(folder)
  const headOf = async () => {
    const record = await tier.get(idOf('a'))
    return record?.kind === 'object' ? record.head : undefined
  }
  await tier.put(idOf('a'), objectOf('older'))
  const head = await headOf()
  assert.ok(head)
  assert.equal(await headOf(), head)

  const { parts } = encodeFile(idOf('a'), objectOf('newer'), undefined)
  writeFileSync(pathOf(folder, idOf('a')), Buffer.concat(parts))
  assert.notEqual(await headOf(), head)
  assert.deepEqual(await tier.get(idOf('a')), objectOf('newer'))
  await tier.close()
})
