import { hash } from 'node:crypto'
import type { RedisClient } from './client.ts'
import type { Deadline } from './deadline.ts'
import { RedisFailure } from './failure.ts'

/** A Lua script that Redis runs as one step. */
export interface RedisScript {
  readonly text: string
  readonly sha1: string
}

export function scriptOf(text: string): RedisScript {
  return { text, sha1: hash('sha1', text) }
}

/** A Redis that was restarted, or whose scripts were flushed, is told the script again. */
export async function evaluate(
  client: Pick<RedisClient, 'send'>,
  { text, sha1 }: RedisScript,
  keys: readonly string[],
  args: readonly (string | number)[],
  deadline: Deadline,
): Promise<unknown> {
  const words = [keys.length, ...keys, ...args]
  try {
    return await client.send({ name: 'evalsha', args: [sha1, ...words] }, deadline)
  } catch (error) {
    if (!(error instanceof RedisFailure) || error.code !== 'NOSCRIPT') throw error
    return client.send({ name: 'eval', args: [text, ...words] }, deadline)
  }
}
