/** How much room there is where a folder lies. */

import { statfs } from 'node:fs/promises'
import { type Metrics, readAtScrape } from './metrics.ts'

/** A scrape sets off a look, and tells what the one before found: a file system that hangs holds nothing up. */
export function watchDiskSpace(metrics: Metrics, folder: string): void {
  let isLooking = false
  const look = async () => {
    if (isLooking) return
    isLooking = true
    try {
      const { bsize, blocks, bavail } = await statfs(folder)
      metrics.diskSize.cell().set(blocks * bsize)
      metrics.diskFree.cell().set(bavail * bsize)
    } catch {
      // The folder is not there, which the tier tells itself: what was found last stands.
    } finally {
      isLooking = false
    }
  }
  void look()
  readAtScrape(metrics.diskFree, () => void look())
}
