/** Fills a cache folder: `writer.ts FOLDER FIRST COUNT BYTES [hold]`. Then closes it, or stays with it open until it is killed. */
import { systemClock } from '../../src/base/clock.ts'
import { openDiskTier } from '../../src/cache/disk-tier.ts'
import { objectId, objectRecord, tierOptions, tierPorts } from './records.ts'

const [folder = '', first = '', count = '', bytes = '', mode] = process.argv.slice(2)
const writersAtATime = 32

const tier = await openDiskTier(tierOptions(folder), tierPorts)
await tier.recovered
let next = Number(first)
const end = next + Number(count)
await Promise.all(
  Array.from({ length: writersAtATime }, async () => {
    while (next < end) {
      const index = next++
      await tier.put(objectId(index), objectRecord(index, Number(bytes), systemClock.now()))
    }
  }),
)
if (mode === 'hold') {
  process.stdout.write('written\n')
  setInterval(() => {}, 60_000)
} else {
  await tier.close()
}
