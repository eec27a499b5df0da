import assert from 'node:assert/strict'
import { mkdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { watchDiskSpace } from '../../../src/observe/disk-space.ts'
import { createMetrics } from '../../../src/observe/metrics.ts'
import { makeFolder } from '../../support/disk-folders.ts'
import { samplesIn } from './samples.ts'

async function watched(t: TestContext, name: string) {
  const folder = await makeFolder(t)
  const metrics = createMetrics({ version: '0', node: '0' })
  watchDiskSpace(metrics, join(folder, name))
  const scrape = async () => {
    await turn()
    return samplesIn(await metrics.registry.metrics())
  }
  return { folder, scrape }
}

test('scrapes tell the size of the file system of a folder, and what is free in it', async (t) => {
  const { folder, scrape } = await watched(t, '.')
  while (!(await scrape()).has('yatagarasu_disk_size_bytes'));
  const samples = await scrape()
  const { blocks, bsize, bavail } = await statfs(folder)
  assert.equal(samples.get('yatagarasu_disk_size_bytes'), blocks * bsize)
  const free = samples.get('yatagarasu_disk_free_bytes') ?? 0
  assert.ok(Math.abs(free - bavail * bsize) < (blocks * bsize) / 20) // others write there meanwhile
})

test('a folder that is not there yet is looked at again at each scrape', async (t) => {
  const { folder, scrape } = await watched(t, 'later')
  await scrape()
  await mkdir(join(folder, 'later'))
  while (!(await scrape()).has('yatagarasu_disk_free_bytes'));
})
