import { after } from 'node:test'
import type { RedisTier } from '../../src/cache/redis-tier.ts'
import type { CacheTier } from '../../src/cache/tier.ts'
import { startRedis } from '../support/redis-server.ts'
import { openTestTier } from '../support/redis-tier.ts'
import { cacheTierContract } from './cache-tier.contract.ts'

const { url } = await startRedis({ after })

/** With numbers counted anew after each change: of few records, and with nobody else changing them, they are exact. */
function counted(tier: RedisTier): CacheTier {
  let counting: Promise<unknown> = Promise.resolve()
  async function andCount<T>(act: () => Promise<T>): Promise<T> {
    const result = await act()
    // One at a time: sixty at once are more commands than a connection takes.
    counting = counting.catch(() => undefined).then(() => tier.recount())
    await counting
    return result
  }
  return {
    name: tier.name,
    get: (id) => tier.get(id),
    has: (id) => tier.has(id),
    put: (id, record) => andCount(() => tier.put(id, record)),
    remove: (id) => andCount(() => tier.remove(id)),
    clear: (scope, onRemoved) => andCount(() => tier.clear(scope, onRemoved)),
    each: (scope, visit) => tier.each(scope, visit),
    peek: (id) => tier.peek(id),
    usage: () => tier.usage(),
    close: () => tier.close(),
  }
}

cacheTierContract(
  'redis',
  async ({ maxItemBytes }) => counted(await openTestTier({ url, maxValueBytes: maxItemBytes })),
  { isBoundElsewhere: true, cannotFindTags: true },
)
