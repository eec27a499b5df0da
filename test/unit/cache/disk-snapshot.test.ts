import assert from 'node:assert/strict'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { DiskLayout } from '../../../src/cache/disk-layout.ts'
import { SnapshotWriter } from '../../../src/cache/disk-snapshot.ts'
import { makeFolder } from '../../support/disk-folders.ts'

const onLinux = { skip: process.platform !== 'linux' && 'reads /proc' }

/** Whether this process has the file open. One that is left to the collector would end the process. */
function isOpen(path: string): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path
    } catch {
      return false // the listing's own
    }
  })
}

test('a snapshot that cannot be begun leaves nothing open and nothing behind', onLinux, async (t) => {
  const layout = new DiskLayout(await makeFolder(t))
  const path = join(layout.root, 'index-0')
  await symlink(layout.records, layout.records) // cannot be listed, as without a file descriptor
  await assert.rejects(SnapshotWriter.create(layout, path), { code: 'ELOOP' })
  assert.equal(isOpen(path), false)
  assert.equal(existsSync(path), false)
})

test('a clean stop that finds the disk full leaves nothing open', onLinux, async (t) => {
  const layout = new DiskLayout(await makeFolder(t))
  await mkdir(layout.records)
  await symlink('/dev/full', layout.cleanStop)
  const writer = await SnapshotWriter.create(layout, join(layout.root, 'index-0'))
  await assert.rejects(writer.markComplete(), { code: 'ENOSPC' })
  assert.equal(isOpen('/dev/full'), false)
  await writer.abandon()
})
