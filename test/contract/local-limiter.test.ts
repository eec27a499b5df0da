import { createLocalLimiter } from '../../src/limits/local-limiter.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { createFakeRandom } from '../support/fake-random.ts'
import { rateLimiterContract } from './rate-limiter.contract.ts'

rateLimiterContract('local', (_t, algorithm) => {
  const clock = new FakeClock()
  const limiter = createLocalLimiter({ algorithm, windowMs: 100 }, { clock, random: createFakeRandom() })
  return { limiter, passTime: (ms) => clock.advance(ms) }
})
