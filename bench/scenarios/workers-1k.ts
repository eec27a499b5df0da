/** How much more do two workers on two cores answer than one on one? One scenario for each number. */

import { wholeObject } from '../rig/load.ts'
import { benchObject } from '../rig/object-content.ts'
import {
  defaultCache,
  loadMetrics,
  measure,
  type Sample,
  type Scenario,
  spotCheck,
  type Target,
} from '../rig/scenario.ts'
import { runWrk } from '../rig/wrk.ts'

const shape = { size: 1024, objects: 100, connections: 50 }
const warmUpSeconds = 1
const firstWarmUpSeconds = 3
const seconds = 3

export function workers1k(workers: 1 | 2): Scenario {
  return {
    name: `workers-1k-${workers}`,
    question: `What do ${workers} worker${workers === 1 ? '' : 's'} answer, and what does a request cost them?`,
    load:
      `${shape.objects} objects of ${shape.size} bytes, wrk, closed loop, ${shape.connections} connections, ${seconds} s ` +
      `after ${warmUpSeconds} s of warm-up`,
    cache: defaultCache,
    setup: { workers },
    async prepare(target) {
      for (let number = 1; number <= shape.objects; number += 1) {
        await spotCheck(target, wholeObject(benchObject(shape.size, number)))
      }
      await runWrk(target, { ...shape, seconds: firstWarmUpSeconds })
    },
    run: (target) => runWorkers(target, workers),
  }
}

async function runWorkers(target: Target, workers: number): Promise<Sample> {
  await runWrk(target, { ...shape, seconds: warmUpSeconds })
  const [closed, usage] = await measure(target, () => runWrk(target, { ...shape, seconds }))
  return {
    metrics: {
      ...loadMetrics(closed, usage),
      workers,
      requestsPerSecond: closed.requests / closed.seconds,
      errors: closed.errors,
    },
    problems: closed.errors === 0 ? [] : [`wrk counted ${closed.errors} errors`],
  }
}
