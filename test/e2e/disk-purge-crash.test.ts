import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import type { RecordId } from '../../src/base/types.ts'
import { PurgeLog } from '../../src/cache/purge-log.ts'
import { tagsOf } from '../../src/cache/record.ts'
import { idOf } from '../support/cache-records.ts'
import { spawnBound } from '../support/child-process.ts'
import { counted, makeFolder, type OpenedTier, openTier, recount } from '../support/disk-folders.ts'

const purger = join(import.meta.dirname, '../support/disk-purger.ts')
const crashes = 8
const objects = Array.from({ length: 60 }, (_, at) => at)

/** The time of the last purge that was done before the kill. */
async function killAfterPurges(folder: string, purges: number): Promise<number> {
  const child = spawnBound(process.execPath, [purger, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  assert.ok(child.stdout)
  let last = Number.NaN
  let seen = 0
  for await (const line of createInterface(child.stdout)) {
    if (line !== 'open') last = Number(line)
    seen += 1
    if (seen === purges + 1) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  assert.equal(child.signalCode, 'SIGKILL')
  return last
}

/** When the origin was asked for each record that is found and that no purge covers. */
async function timesOf(tier: OpenedTier, purges: PurgeLog, ids: readonly RecordId[]): Promise<readonly number[]> {
  const times: number[] = []
  for (const id of ids) {
    const record = await tier.get(id)
    if (record?.kind !== 'object' || purges.covers(id, tagsOf(record), record.head.requestedAt)) continue
    times.push(record.head.requestedAt)
  }
  return times
}

test(`after kill -9 at ${crashes} moments right after a purge, nothing of what it covers is believed, nor left when all files are known`, async (t) => {
  const folder = await makeFolder(t)
  let kept = 0
  for (let crash = 1; crash <= crashes; crash++) {
    const purgedAt = await killAfterPurges(folder, 1 + (crash % 4))
    const tier = await openTier(folder, { clock: systemClock })
    const purges = new PurgeLog(systemClock, systemRandom)
    for (const purge of tier.remembered) purges.remembered(purge)
    const purged = objects.map((at) => idOf(`purged/${at}`))

    for (const time of await timesOf(tier, purges, purged)) assert.ok(time > purgedAt, 'at once')
    await tier.recovered
    const none = new PurgeLog(systemClock, systemRandom)
    for (const time of await timesOf(tier, none, purged)) assert.ok(time > purgedAt, 'when all is known')
    kept += (
      await timesOf(
        tier,
        none,
        objects.map((at) => idOf(`kept/${at}`)),
      )
    ).length
    assert.deepEqual(counted(tier), recount(folder))
    assert.deepEqual(tier.events.lines, [])
    await tier.close()
    // Every other crash leaves files that no snapshot tells of; the others, a snapshot that is older than some files.
    if (crash % 2 === 0) await rm(join(folder, 'index'))
  }
  assert.ok(kept > crashes * 20, `${kept} records were kept`)
})
