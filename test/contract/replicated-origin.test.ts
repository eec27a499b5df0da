import type { TestContext } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import type { Origin } from '../../src/origin/origin.ts'
import { createReplicatedOrigin } from '../../src/origin/replicated-origin.ts'
import { RetryBudget } from '../../src/origin/retry-budget.ts'
import { createFakeRandom } from '../support/fake-random.ts'
import { originAt, RecordedEvents } from '../unit/origin/rig.ts'
import { originContract } from './origin.contract.ts'
import { startPlainS3 } from './plain-s3.ts'

function replicated(t: TestContext, origins: readonly Origin[]): Origin {
  const options = {
    bucketName: 'films',
    retry: { maxAttempts: 3, initialBackoffMs: 1, maxBackoffMs: 5 },
    breaker: { failureThreshold: 5, successThreshold: 2, openForMs: 30_000, maxProbes: 3 },
  }
  const origin = createReplicatedOrigin(
    options,
    origins.map((member, index) => ({ name: origins.length === 1 ? '' : `r${index}`, origin: member })),
    {
      ...{ clock: systemClock, random: createFakeRandom(), events: new RecordedEvents() },
      budget: new RetryBudget({ share: 0.1, reserve: 10 }, systemClock),
    },
  )
  t.after(() => origin.close())
  return origin
}

originContract('Replicated origin with one replica', async (t) => {
  const { endpoint, put } = await startPlainS3(t)
  return { origin: replicated(t, [originAt(t, endpoint).origin]), bucket: 'films', put }
})

originContract('Replicated origin whose first replica is dead', async (t) => {
  const { endpoint, put } = await startPlainS3(t)
  const dead = originAt(t, 'http://127.0.0.1:1').origin
  return { origin: replicated(t, [dead, originAt(t, endpoint).origin]), bucket: 'films', put }
})
