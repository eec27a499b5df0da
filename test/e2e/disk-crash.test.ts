import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { idOf } from '../support/cache-records.ts'
import { kill, spawnBound } from '../support/child-process.ts'
import { counted, MiB, makeFolder, openTier, recount, temporaryFiles } from '../support/disk-folders.ts'
import { assertWhole } from '../support/versioned-records.ts'

const writer = join(import.meta.dirname, '../support/disk-writer.ts')

/** `DISK_CRASHES=50` takes longer over it. */
const crashes = Number(process.env['DISK_CRASHES'] ?? 10)
const maxBytes = 2 * MiB

async function killWhileWriting(folder: string, seed: number, lines: number): Promise<void> {
  const child = spawnBound(process.execPath, [writer, folder, `${maxBytes}`, `${seed}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  assert.ok(child.stdout)
  let seen = 0
  for await (const _ of createInterface(child.stdout)) {
    seen += 1
    if (seen === lines) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  assert.equal(child.signalCode, 'SIGKILL')
}

test(`after kill -9 at ${crashes} moments of writing, every byte is right, no temporary file is left, sizes are exact`, async (t) => {
  const folder = await makeFolder(t)
  let found = 0
  for (let crash = 1; crash <= crashes; crash++) {
    await killWhileWriting(folder, crash, 1 + ((crash * 37) % 60))
    const tier = await openTier(folder, { maxBytes, clock: systemClock })
    assert.deepEqual(temporaryFiles(folder), [])
    await tier.recovered
    assert.equal(tier.events.count('disk failed get'), 0)
    assert.deepEqual(counted(tier), recount(folder))
    assert.ok(tier.usage().bytes <= maxBytes)
    for (let object = 0; object < 300; object++) {
      const record = await tier.get(idOf(`${object}`))
      assertWhole(`${object}`, record)
      if (record !== undefined) found += 1
    }
    assert.deepEqual(counted(tier), recount(folder))
    await tier.close()
    // Every other crash leaves files that no snapshot tells of; the others, a snapshot that is older than some files.
    if (crash % 2 === 0) await rm(join(folder, 'index'))
  }
  assert.ok(found > crashes * 20, `${found} records were found`)
})

test('a folder in use is refused to a second process, and free again when the first one is killed', async (t) => {
  const folder = await makeFolder(t)
  const first = spawnBound(process.execPath, [writer, folder, `${maxBytes}`, '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => kill(first))
  assert.ok(first.stdout)
  await once(first.stdout, 'data')
  const second = spawnBound(process.execPath, [writer, folder, `${maxBytes}`, '2'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  t.after(() => kill(second))
  assert.ok(second.stderr)
  const complaint = (await second.stderr.toArray()).join('')
  assert.match(complaint, new RegExp(`the cache folder ${folder} is in use by another process`))
  await kill(first)
  const third = await openTier(folder, { clock: systemClock })
  await third.close()
})
