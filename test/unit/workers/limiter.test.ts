/** Rate limits that one thread counts for all. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createLocalLimiter } from '../../../src/limits/local-limiter.ts'
import type { Charge, RateLimiter } from '../../../src/limits/rate-limiter.ts'
import { LentLimiters, limiterName, RemoteLimiter } from '../../../src/workers/limiter.ts'
import { shareOf } from '../../../src/workers/share.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { linkedSides } from '../../support/linked-sides.ts'
import { countAllowed, fixedLimit, isAllowed, limitOf } from '../../support/rate-limits.ts'

const settings = { algorithm: 'token_bucket', windowMs: 1000 } as const
const createLocal = () => createLocalLimiter(settings, { clock: new FakeClock(), random: createFakeRandom() })

/** Several threads, and the one that counts for them. */
function stage(t: TestContext, threads: number) {
  const lent = new LentLimiters()
  const owned = lent.lend(limiterName(settings), createLocal())
  const remotes: RateLimiter[] = []
  const links: { close(): void }[] = []
  for (let thread = 0; thread < threads; thread++) {
    const { near: link, close } = linkedSides(lent.calls)
    t.after(close)
    const ports = { link, local: createLocal(), shareOf: (total: number) => shareOf(total, threads, thread) }
    remotes.push(new RemoteLimiter(limiterName({ ...settings }), ports))
    links.push(link)
  }
  const loseHub = () => {
    for (const link of links) link.close()
  }
  return { lent, owned, remotes, loseHub }
}

/** Each thread has the limit from a configuration of its own. */
async function countOfAll(remotes: readonly RateLimiter[], requests: number, charge: () => Charge): Promise<number> {
  const counts = await Promise.all(remotes.map((remote) => countAllowed(remote, requests, charge())))
  return counts.reduce((sum, count) => sum + count, 0)
}

test('all threads together let exactly as many through as the burst says', async (t) => {
  const { remotes, owned } = stage(t, 4)
  const charge = () => ({ limit: fixedLimit(30), who: '192.0.2.1' })
  assert.equal(await countOfAll(remotes, 20, charge), 30)
  assert.equal((await owned.look(charge())).remaining, 0)
})

test('a limit that has another rate by now is counted on', async (t) => {
  const { remotes } = stage(t, 2)
  const charge = (burst: number) => () => ({ limit: limitOf(0.001, burst), who: 'a' })
  assert.equal(await countOfAll(remotes, 5, charge(4)), 4)
  assert.equal(await countOfAll(remotes, 5, charge(4)), 0)
  assert.equal(await countOfAll(remotes, 5, charge(8)), 4)
})

test('without the thread that counts, each has its share, and together they let as many through', async (t) => {
  const { remotes, loseHub } = stage(t, 4)
  const charge = () => ({ limit: fixedLimit(30), who: 'a' })
  loseHub()
  assert.equal(await countOfAll(remotes, 30, charge), 30)
  const [first] = remotes
  assert.equal((await first?.look({ ...charge(), who: 'b' }))?.remaining, 8)
})

test('without it a count is kept from request to request, and can be given back', async (t) => {
  const { remotes, loseHub } = stage(t, 1)
  const [remote] = remotes
  assert.ok(remote !== undefined)
  const charge = { limit: fixedLimit(2), who: 'a' }
  loseHub()
  assert.equal(await countAllowed(remote, 5, charge), 2)
  await remote.reset(charge)
  assert.equal(await countAllowed(remote, 5, charge), 2)
})

test('a limiter is asked for by its settings, and by nothing after it is closed', async (t) => {
  const { lent, owned, remotes } = stage(t, 1)
  const [remote] = remotes
  assert.ok(remote !== undefined)
  lent.lend(limiterName({ ...settings, windowMs: 2000 }), createLocal())
  const charge = { limit: fixedLimit(1), who: 'a' }
  assert.ok(await isAllowed(owned, charge))
  assert.equal(await isAllowed(remote, charge), false)
  await owned.close()
  assert.ok(await isAllowed(remote, charge), 'by what it counts itself')
})
