import { secretNames } from '../access/token-sources.ts'
import { createRedaction, type Redaction } from '../audit/redact.ts'
import type { Config } from '../config/config.ts'
import { accessLog } from '../observe/access-log.ts'
import type { RequestObserver } from '../observe/request-observer.ts'
import type { Foundation } from './foundation.ts'

/** What a configuration says of log lines for requests. */
export function requestLogOf(config: Config, { log, clock }: Pick<Foundation, 'log' | 'clock'>): RequestObserver {
  const { requestLogging: options } = config.observability
  if (options === undefined) return accessLog(log, clock)
  const redaction = redactionOf(config, { headers: options.redactHeaders, anonymizeIp: false })
  return accessLog(log, clock, { ...options, redaction })
}

/** Whatever bucket a request is for, or none: all that brings tokens to any of them is left out. */
export function redactionOf(
  { buckets }: Config,
  { headers, anonymizeIp }: { readonly headers: readonly string[]; readonly anonymizeIp: boolean },
): Redaction {
  const names = buckets.flatMap(({ access: { jwt } }) => (jwt === undefined ? [] : [secretNames(jwt.sources)]))
  return createRedaction({
    headers: [...headers, ...names.flatMap((name) => name.headers)],
    parameters: names.flatMap((name) => name.query),
    anonymizeIp,
  })
}
