/**
 * Clearing what is in Redis. There is no index: what a scope covers is found by looking at all keys. One sweep over them
 * serves all who wait for it, so that fifty purges a second cost no more than one.
 */

import type { Clock } from '../base/clock.ts'
import type { RecordId } from '../base/types.ts'
import type { RedisClient } from '../redis/client.ts'
import { RedisFailure } from '../redis/failure.ts'
import { CacheKey, wholeOf } from './cache-key.ts'
import { sliceCount } from './record.ts'
import { batchSize, type RedisKeys } from './redis-keys.ts'
import type { RedisValues } from './redis-values.ts'
import { covers, type Scope } from './scope.ts'
import type { Removed } from './tier.ts'

/** The slices of a larger object are left to the sweep. */
const maxSlicesAtOnce = 1024

interface Clearing {
  readonly scope: Scope
  readonly onRemoved: ((id: RecordId) => void) | undefined
  entries: number
  bytes: number
}

export interface RedisSweepPorts {
  readonly client: RedisClient
  readonly keys: RedisKeys
  readonly values: RedisValues
  readonly clock: Clock
}

export class RedisSweep {
  readonly #client: RedisClient
  readonly #keys: RedisKeys
  readonly #values: RedisValues
  readonly #clock: Clock
  readonly #patienceMs: number
  #waiting: Clearing[] = []
  /** The sweep for those who wait, which begins when the one before it has ended. */
  #next: Promise<void> | undefined
  #latest: Promise<void> = Promise.resolve()
  #isClosed = false

  /** Whoever clears waits `patienceMs` for a sweep, which then goes on behind. */
  constructor({ client, keys, values, clock }: RedisSweepPorts, patienceMs: number) {
    this.#client = client
    this.#keys = keys
    this.#values = values
    this.#clock = clock
    this.#patienceMs = patienceMs
  }

  /** What fails while the caller still waits rejects. What fails later stays there until it is purged again or its stay is over. */
  async clear(scope: Scope, onRemoved?: (id: RecordId) => void): Promise<Removed> {
    if (scope.kind === 'tag') return { entries: 0, bytes: 0, isPending: true }
    const clearing: Clearing = { scope, onRemoved, entries: 0, bytes: 0 }
    if (scope.kind === 'object') await this.#removeObject(scope.id, clearing)
    const cleared = this.#findAndRemove(clearing).then(() => true)
    cleared.catch(() => undefined) // perhaps nobody waits any more
    const isTime = Promise.withResolvers<false>()
    const callOff = this.#clock.alarm(this.#patienceMs, () => isTime.resolve(false))
    try {
      const isDone = await Promise.race([cleared, isTime.promise])
      const { entries, bytes } = clearing
      return isDone ? { entries, bytes } : { entries, bytes, isPending: true }
    } finally {
      callOff()
    }
  }

  /** Leaves off after the step under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#latest.catch(() => undefined)
  }

  #findAndRemove(clearing: Clearing): Promise<void> {
    this.#waiting.push(clearing)
    this.#next ??= this.#sweepAfter(this.#latest)
    this.#latest = this.#next
    return this.#next
  }

  /** What can be named is gone in no time, however many keys there are. */
  async #removeObject(id: RecordId, clearing: Clearing): Promise<void> {
    const found = await this.#client.within((deadline) => this.#values.look(id, 0, deadline))
    const count = found?.kind === 'object' ? Math.min(sliceCount(found.head), maxSlicesAtOnce) : 0
    const slices = Array.from({ length: count }, (_, index) => `${id}:s=${index}` as RecordId)
    const ids = [id, ...slices]
    for (let from = 0; from < ids.length; from += batchSize) {
      await this.#remove(ids.slice(from, from + batchSize), () => [clearing])
    }
  }

  async #sweepAfter(earlier: Promise<void>): Promise<void> {
    await earlier.catch(() => undefined)
    const clearings = this.#waiting
    this.#waiting = []
    this.#next = undefined
    const coveringOf = coveringIn(clearings)
    for await (const ids of this.#keys.startingWith(commonStart(clearings.map(({ scope }) => startOf(scope))))) {
      if (this.#isClosed) throw new RedisFailure('closed', 'the redis tier is closed')
      await this.#remove(
        ids.filter((id) => coveringOf(id).length > 0),
        coveringOf,
      )
    }
  }

  async #remove(ids: readonly RecordId[], coveringOf: (id: RecordId) => readonly Clearing[]): Promise<void> {
    if (ids.length === 0) return
    const note = (id: RecordId, bytes: number) => {
      for (const clearing of coveringOf(id)) {
        clearing.entries += 1
        clearing.bytes += bytes
        clearing.onRemoved?.(id)
      }
    }
    await this.#client.within((deadline) => this.#keys.remove(ids, deadline, note))
  }
}

/** Who covers an id: thousands of objects are told apart by one look. */
function coveringIn(clearings: readonly Clearing[]): (id: RecordId) => readonly Clearing[] {
  const ofObject = Map.groupBy(clearings, ({ scope }) => (scope.kind === 'object' ? wholeOf(scope.id) : undefined))
  const wide = ofObject.get(undefined) ?? []
  return (id) => [...wide, ...(ofObject.get(wholeOf(id)) ?? [])].filter(({ scope }) => covers(scope, id))
}

/** How all ids begin that the scope covers. */
export function startOf(scope: Scope): string {
  switch (scope.kind) {
    case 'object':
      return scope.id
    case 'prefix':
      return scope.start
    case 'bucket':
      return CacheKey.start(scope.bucket, '')
    case 'tag':
      return scope.bucket === undefined ? '' : CacheKey.start(scope.bucket, '')
    default:
      return ''
  }
}

function commonStart([first = '', ...others]: readonly string[]): string {
  let length = first.length
  for (const other of others) {
    while (!other.startsWith(first.slice(0, length))) length -= 1
  }
  return first.slice(0, length)
}
