/** What several threads ask of other settings. */

import { availableParallelism } from 'node:os'
import type { Report } from './problem.ts'
import { isCacheUsed } from './rules-cache.ts'
import type { Settings } from './schema.ts'

/** Records of a memory tier that threads share are found by addresses that reach so far. */
const mostSharedBytes = 32 * 2 ** 30

/** How many threads serve requests. */
export function workersOf({ server }: Settings): number {
  return server.workers === 'auto' ? availableParallelism() : server.workers
}

/** With the one that serves nobody, where several serve. */
export function threadsOf(settings: Settings): number {
  const workers = workersOf(settings)
  return workers === 1 ? 1 : workers + 1
}

export function checkWorkers(settings: Settings, report: Report): void {
  const { cache_layers: layers, memory } = settings.cache
  if (workersOf(settings) === 1 || !isCacheUsed(settings) || !layers.includes('memory')) return
  if (memory.eviction !== 's3gd') {
    report.contradict(
      ['cache.memory.eviction', 'server.workers'],
      `must be s3gd with more than one of server.workers: a memory tier that threads share knows no ${memory.eviction}`,
    )
  }
  if (memory.max_cache_size_mb > mostSharedBytes) {
    report.contradict(
      ['cache.memory.max_cache_size_mb', 'server.workers'],
      'must not be above 32768 with more than one of server.workers',
    )
  }
}
