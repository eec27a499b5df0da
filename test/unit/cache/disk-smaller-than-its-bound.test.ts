import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idOf, objectOf } from '../../support/cache-records.ts'
import { counted, KiB, makeFolder, openTier } from '../../support/disk-folders.ts'
import { FaultyFiles } from '../../support/faulty-files.ts'

for (const code of ['ENOSPC', 'EDQUOT']) {
  test(`once ${code} has said how much space there is, records take the place of older ones, and more of it is tried in time`, async (t) => {
    const files = new FaultyFiles()
    const tier = await openTier(await makeFolder(t), { files })
    const keys = Array.from({ length: 60 }, (_, index) => `key ${index}`)
    const put = (key: string) => tier.put(idOf(key), objectOf(100 * KiB))
    for (const key of keys.slice(0, 20)) await put(key)
    const { bytes } = counted(tier)
    files.failures.set('write', code)
    await assert.rejects(put('too many'), { code })
    files.failures.clear()
    for (const key of keys.slice(20, 40)) {
      await put(key)
      assert.ok(await tier.has(idOf(key)))
      assert.ok(counted(tier).bytes <= bytes)
    }
    await tier.clock.advance(20 * 60_000)
    for (const key of keys.slice(40)) await put(key)
    assert.ok(counted(tier).bytes > bytes)
    await tier.close()
  })
}
