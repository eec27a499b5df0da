/** How much of its time a thread is at work. */

import { performance } from 'node:perf_hooks'
import { type Metrics, readAtScrape } from './metrics.ts'

/** Of the thread that calls it, by its number. */
export function watchThread(metrics: Metrics, thread: number): void {
  const busy = metrics.threadBusy.cell(String(thread))
  let countedMs = 0
  readAtScrape(metrics.threadBusy, () => {
    const { active } = performance.eventLoopUtilization()
    busy.add((active - countedMs) / 1000)
    countedMs = active
  })
}
