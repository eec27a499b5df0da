import { createLocalLimiter } from '../../src/limits/local-limiter.ts'
import { LentLimiters, RemoteLimiter } from '../../src/workers/limiter.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { createFakeRandom } from '../support/fake-random.ts'
import { linkedSides } from '../support/linked-sides.ts'
import { refuseAll } from '../support/rate-limits.ts'
import { rateLimiterContract } from './rate-limiter.contract.ts'

rateLimiterContract('on another thread', (t, algorithm) => {
  const clock = new FakeClock()
  const lent = new LentLimiters()
  lent.lend('there', createLocalLimiter({ algorithm, windowMs: 100 }, { clock, random: createFakeRandom() }))
  const { near: link, close } = linkedSides(lent.calls)
  t.after(close)
  const limiter = new RemoteLimiter('there', { link, local: refuseAll, shareOf: (total) => total })
  return { limiter, passTime: (ms) => clock.advance(ms) }
})
