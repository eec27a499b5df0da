import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { HotFile } from '../../../src/cache/hot-files.ts'
import { WarmReads } from '../../../src/cache/warm-reads.ts'
import { makeFolder } from '../../support/disk-folders.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FaultyFiles } from '../../support/faulty-files.ts'

async function openFile(t: TestContext, bytes: number) {
  const path = join(await makeFolder(t), 'file')
  await writeFile(path, Buffer.alloc(bytes, 'crow'))
  const files = new FaultyFiles()
  const clock = new FakeClock()
  const reads = new WarmReads(files, clock)
  const file: HotFile = { fd: await files.open(path, 'read'), readAtMs: -Infinity, known: undefined }
  t.after(() => files.close(file.fd))
  /** At once where that may be; resolves to how often it was. */
  const read = async () => {
    const buffer = Buffer.alloc(bytes)
    const isWarm = reads.isWarm(file, bytes)
    assert.equal(isWarm ? reads.readNow(file, [buffer]) : await reads.read(file, [buffer]), bytes)
    assert.deepEqual(buffer, Buffer.alloc(bytes, 'crow'))
    return files.readsAtOnce
  }
  return { files, clock, read }
}

test('a file is read at once when it was read within the last ten seconds', async (t) => {
  const { clock, read } = await openFile(t, 4096)
  assert.equal(await read(), 0)
  assert.equal(await read(), 1)
  await clock.advance(10_000)
  assert.equal(await read(), 2)
  await clock.advance(10_001)
  assert.equal(await read(), 2)
  assert.equal(await read(), 3)
})

test('a long file is never read at once', async (t) => {
  const { read } = await openFile(t, 128 * 1024 + 1)
  await read()
  assert.equal(await read(), 0)
})

test('after a read at once that took long there are none for twenty times as long', async (t) => {
  const { files, clock, read } = await openFile(t, 4096)
  await read()
  files.duringReadAtOnce = () => void clock.advance(6)
  assert.equal(await read(), 1)
  files.duringReadAtOnce = () => {}
  assert.equal(await read(), 1)
  await clock.advance(119)
  assert.equal(await read(), 1)
  await clock.advance(1)
  assert.equal(await read(), 2)
})

test('a read at once that fails throws', async (t) => {
  const { files, read } = await openFile(t, 4096)
  await read()
  files.failures.set('read', 'EIO')
  await assert.rejects(read(), { code: 'EIO' })
})
