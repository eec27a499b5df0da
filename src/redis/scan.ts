import type { RedisClient } from './client.ts'
import type { RedisNode } from './link.ts'

/** How many places of its table Redis looks at in one go: well under a millisecond of its time. */
export const placesPerScan = 1000

/** A glob that matches exactly what begins with the text. */
export function patternOf(prefix: string): Buffer {
  return Buffer.from(`${prefix.replace(/[\\*?[\]]/g, '\\$&')}*`)
}

/**
 * The keys on one node, in batches that may be empty. Each that is there from the beginning to the end comes at least
 * once. Each step has the time of one operation.
 */
export async function* scanKeys(
  client: Pick<RedisClient, 'within'>,
  node: RedisNode,
  pattern: Buffer,
): AsyncGenerator<readonly Buffer[]> {
  let cursor = '0'
  do {
    const args = [cursor, 'MATCH', pattern, 'COUNT', placesPerScan]
    const reply = await client.within((deadline) => node.send({ name: 'scan', args }, deadline))
    const [next, keys] = Array.isArray(reply) ? reply : []
    if (!Array.isArray(keys)) throw new Error('redis did not answer a scan with keys')
    cursor = String(next)
    yield keys.filter((key) => Buffer.isBuffer(key))
  } while (cursor !== '0')
}
