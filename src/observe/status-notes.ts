/** The same events, noted on the status board as well. */

import type { JwksEvents } from '../access/jwks.ts'
import type { StoreEvents } from '../cache/tier.ts'
import type { OriginEvents } from '../origin/origin.ts'
import type { RedisEvents } from '../redis/client.ts'
import type { StatusNews } from './status-board.ts'

export function notingTiers(events: StoreEvents, board: StatusNews): StoreEvents {
  return {
    ...events,
    failed: (tier, operation, error) => {
      board.erred('tiers', tier, error)
      events.failed(tier, operation, error)
    },
    worked: (tier, operation, tookMs) => {
      if (operation === 'get') board.answered('tiers', tier, tookMs)
      board.works('tiers', tier, operation)
      events.worked(tier, operation, tookMs)
    },
    breakerChanged: (tier, operation, state) => {
      if (state === 'open') board.failed('tiers', tier, undefined, operation)
      if (state === 'closed') board.works('tiers', tier, operation)
      events.breakerChanged(tier, operation, state)
    },
  }
}

/** Of the connections of the tier. */
export function notingRedis(events: RedisEvents, board: StatusNews): RedisEvents {
  return {
    connected: () => {
      board.works('tiers', 'redis', 'connection')
      events.connected()
    },
    lost: (reason) => {
      board.failed('tiers', 'redis', reason, 'connection')
      events.lost(reason)
    },
  }
}

/** A bucket with several replicas is degraded while any of them is left alone. */
export function notingOrigins(events: OriginEvents, board: StatusNews): OriginEvents {
  return {
    ...events,
    answered: (bucket, replica, status, durationMs) => {
      if (status !== 'error') {
        board.answered('origins', bucket, durationMs)
        if (status < 500) board.works('origins', bucket)
        else board.erred('origins', bucket, `${of(replica)}a request was answered with ${status}`)
      }
      events.answered(bucket, replica, status, durationMs)
    },
    timedOut: (bucket, kind) => {
      board.erred('origins', bucket, `a wait was too long: ${kind}`)
      events.timedOut(bucket, kind)
    },
    unanswered: (bucket, replica, error) => {
      const message = error instanceof Error ? error.message : String(error)
      board.failed('origins', bucket, `${of(replica)}${message}`)
      events.unanswered(bucket, replica, error)
    },
    breakerChanged: (bucket, replica, state) => {
      const breaker = `breaker ${replica}`
      if (state === 'open') board.failed('origins', bucket, undefined, breaker)
      if (state === 'closed') board.works('origins', bucket, breaker)
      events.breakerChanged(bucket, replica, state)
    },
  }
}

function of(replica: string): string {
  return replica === '' ? '' : `${replica}: `
}

/** Several may fetch from one URL. */
export function notingKeys(events: JwksEvents, board: StatusNews, url: string): JwksEvents {
  const name = keysName(url)
  return {
    fetched: (keys) => {
      board.works('jwks', name, events)
      events.fetched(keys)
    },
    failed: (error) => {
      board.failed('jwks', name, error, events)
      events.failed(error)
    },
    closed: () => {
      board.works('jwks', name, events)
      events.closed()
    },
  }
}

/** A query may hold a secret. */
export function keysName(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
