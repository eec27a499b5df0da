/** What keys and shared limits have to tell: one log line for each change. */

import type { JwksEvents } from '../access/jwks.ts'
import type { LimiterEvents } from '../limits/redis-limiter.ts'
import type { Logger } from './logger.ts'

export function jwksEvents(logger: Logger, url: string): JwksEvents {
  let state: 'new' | 'fetched' | 'failing' = 'new'
  return {
    fetched: (keys) => {
      if (state !== 'fetched') logger.info({ url, keys }, 'keys for tokens are fetched')
      state = 'fetched'
    },
    failed: (error) => {
      if (state !== 'failing') logger.warn({ url, err: error }, 'keys for tokens cannot be fetched')
      state = 'failing'
    },
    closed: () => undefined,
  }
}

export function limiterEvents(logger: Logger): LimiterEvents {
  const about = { used_for: 'rate limits' }
  return {
    connected: () => logger.info(about, 'redis is connected'),
    lost: (reason) => logger.warn({ ...about, reason }, 'redis is not connected'),
    fallback: (isLocal) => {
      if (isLocal) logger.warn('rate limits are counted by this process alone while redis does not answer')
      else logger.info('rate limits are shared through redis again')
    },
  }
}
