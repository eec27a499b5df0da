import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { HotFiles } from '../../../src/cache/hot-files.ts'
import { digestOf } from '../../../src/cache/record-digest.ts'
import { Barrier } from '../../support/barrier.ts'
import { idOf } from '../../support/cache-records.ts'
import { makeFolder } from '../../support/disk-folders.ts'
import { FaultyFiles } from '../../support/faulty-files.ts'

async function hotFiles(t: TestContext, max: number) {
  const folder = await makeFolder(t)
  const files = new FaultyFiles()
  const hot = new HotFiles(files, max)
  let reads = 0
  const use = async (name: string, during?: () => Promise<void>) => {
    const path = join(folder, name)
    const digest = digestOf(idOf(name))
    return hot.use(digest, path, async ({ fd }) => {
      reads += 1
      await during?.()
      const text = Buffer.alloc(10)
      return text.toString('utf8', 0, await files.read(fd, [text]))
    })
  }
  const write = (name: string, text: string) => writeFile(join(folder, name), text)
  return { files, hot, use, write, digest: (name: string) => digestOf(idOf(name)), reads: () => reads }
}

test('a file stays open between reads, and no more files than said do', async (t) => {
  const { files, hot, use, write } = await hotFiles(t, 3)
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await write(name, name)
    assert.equal(await use(name), name)
    assert.ok(files.opened.size <= 3)
  }
  files.failures.set('open', 'EIO')
  assert.equal(await use('e'), 'e')
  await assert.rejects(use('a'), { code: 'EIO' })
  await hot.close()
  assert.equal(files.opened.size, 0)
})

test('a file is ready from when it is open until it is dropped', async (t) => {
  const { hot, use, write, digest } = await hotFiles(t, 3)
  await write('a', 'a')
  const using = use('a')
  assert.equal(hot.ready(digest('a')), undefined)
  await using
  assert.notEqual(hot.ready(digest('a')), undefined)
  hot.drop(digest('a'))
  assert.equal(hot.ready(digest('a')), undefined)
  await assert.rejects(use('b'), { code: 'ENOENT' })
  assert.equal(hot.ready(digest('b')), undefined)
  await hot.close()
})

test('a file that is dropped is read to the end by who had begun, and opened afresh by the next', async (t) => {
  const { files, hot, use, write, digest } = await hotFiles(t, 3)
  await write('a', 'a')
  const barrier = new Barrier()
  const reading = use('a', async () => barrier.arrive())
  await barrier.reached
  hot.drop(digest('a'))
  assert.equal(files.opened.size, 1)
  assert.equal(await use('a'), 'a')
  assert.equal(files.opened.size, 2)
  barrier.release()
  assert.equal(await reading, 'a')
  await turn()
  assert.equal(files.opened.size, 1)
  await hot.close()
  assert.equal(files.opened.size, 0)
})

test('who asks before a file is replaced reads what was there', async (t) => {
  const { files, hot, use, write, digest } = await hotFiles(t, 3)
  await write('a', 'older')
  const barrier = new Barrier()
  files.holds.set('open', barrier)
  const reading = use('a')
  await barrier.reached
  let isOpened = false
  const opened = hot.opened(digest('a')).then(() => {
    isOpened = true
  })
  await turn()
  assert.equal(isOpened, false)
  barrier.release()
  await opened
  hot.drop(digest('a'))
  assert.equal(await reading, 'older')
  await hot.close()
})

test('when descriptors run out, half of those kept open are closed and it is tried again', async (t) => {
  const { files, hot, use, write } = await hotFiles(t, 8)
  for (const name of ['a', 'b', 'c', 'd', 'e']) await write(name, name)
  for (const name of ['a', 'b', 'c', 'd']) await use(name)
  const close = files.close.bind(files)
  files.failures.set('open', 'EMFILE')
  files.close = async (fd) => {
    files.failures.clear()
    return close(fd)
  }
  assert.equal(await use('e'), 'e')
  assert.ok(files.opened.size <= 4)
  await hot.close()
})
