/** Rules between settings. Each runs on sound values only, so that one mistake is told once. */

import { dnsBucket, parseHostPort } from './formats.ts'
import type { Report } from './problem.ts'
import { checkAccess } from './rules-access.ts'
import { checkCache } from './rules-cache.ts'
import { checkLimits } from './rules-limits.ts'
import { checkRedis } from './rules-redis.ts'
import { checkServerTls } from './rules-tls.ts'
import type { Settings } from './schema.ts'

type Bucket = Settings['buckets'][number]

export function checkRules(settings: Settings, report: Report): void {
  checkListeners(settings, report)
  checkServerTls(settings, report)
  checkClientAddress(settings, report)
  checkCache(settings, report)
  checkLimits(settings, report)
  checkRedis(settings, report)
  checkAccess(settings, report)
  settings.buckets.forEach((bucket, index) => {
    const path = `buckets[${index}]`
    checkCredentials(bucket, path, report)
    checkOrigin(bucket, path, report)
    checkCors(bucket, path, report)
  })
  checkNames(settings.buckets, report)
  checkRoutes(settings.buckets, report)
}

function checkClientAddress({ server }: Settings, report: Report): void {
  server.trusted_proxies.forEach((block, index) => {
    if (!block.endsWith('/0')) return
    report.warn(`server.trusted_proxies[${index}]`, 'trusts every address, so that any client can claim any other')
  })
  if (server.client_address_from === 'proxy-protocol' && server.trusted_proxies.length === 0)
    report.warn('server.client_address_from', 'has no effect: trusted_proxies names nobody who may speak it')
}

/** Where a listener listens; `port` is the key beside `address`. */
export function listenAt(
  settings: { readonly address: string | undefined; readonly port: number | undefined },
  defaultPort: number,
): { readonly host: string; readonly port: number } {
  const { host, port } = parseHostPort(settings.address ?? '') ?? { host: '0.0.0.0', port: undefined }
  return { host, port: settings.port ?? port ?? defaultPort }
}

export const defaultPorts = { server: 8080, metrics: 9090 } as const

function checkListeners({ server, metrics }: Settings, report: Report): void {
  checkOnePort('server', server, report)
  if (!metrics.enabled) return
  checkOnePort('metrics', metrics, report)
  const main = listenAt(server, defaultPorts.server)
  const other = listenAt(metrics, defaultPorts.metrics)
  const sameHost = main.host === other.host || isWildcard(main.host) || isWildcard(other.host)
  if (main.port === 0 || main.port !== other.port || !sameHost) return
  const [first, ...others] = ['metrics.port', 'metrics.address', 'server.port', 'server.address'].filter((path) =>
    report.isGiven(path),
  )
  if (first === undefined) return
  report.contradict([first, ...others], `the public and the metrics listener cannot both have port ${main.port}`)
}

function checkOnePort(name: 'server' | 'metrics', listener: Settings['server' | 'metrics'], report: Report): void {
  const [address, port] = [`${name}.address`, `${name}.port`] as const
  if (listener.port === undefined || parseHostPort(listener.address ?? '')?.port === undefined) return
  report.contradict([port, address], `is given twice: here and in ${address}`)
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

function checkCredentials({ s3 }: Bucket, path: string, report: Report): void {
  const [accessKey, secretKey] = [`${path}.s3.access_key`, `${path}.s3.secret_key`] as const
  const token = `${path}.s3.session_token`
  const hasAccess = s3.access_key !== undefined
  const hasSecret = s3.secret_key !== undefined
  if (s3.anonymous && (hasAccess || hasSecret || s3.session_token !== undefined)) {
    report.contradict(
      [`${path}.s3.anonymous`, accessKey, secretKey, token],
      'excludes access_key, secret_key and session_token',
    )
    return
  }
  if (hasAccess && !hasSecret) report.contradict([accessKey, secretKey], 'needs secret_key beside it')
  if (hasSecret && !hasAccess) report.contradict([secretKey, accessKey], 'needs access_key beside it')
  if (s3.session_token !== undefined && !hasAccess && !hasSecret) {
    report.contradict([token, accessKey, secretKey], 'needs access_key and secret_key beside it')
  }
}

function checkOrigin({ s3 }: Bucket, path: string, report: Report): void {
  const paths = [`${path}.s3.retry.initial_backoff_ms`, `${path}.s3.retry.max_backoff_ms`] as const
  if (s3.retry.initial_backoff_ms > s3.retry.max_backoff_ms && report.isGiven(paths[0])) {
    report.contradict([...paths], 'must not be above max_backoff_ms (default 1000)')
  }
  if (isPathStyle(s3) || dnsBucket.test(s3.bucket)) return
  report.contradict(
    [`${path}.s3.bucket`, `${path}.s3.endpoint`],
    'cannot be part of a host name; set force_path_style: true',
  )
}

export function isPathStyle(s3: Bucket['s3']): boolean {
  return s3.force_path_style ?? s3.endpoint !== undefined
}

function checkCors({ cors }: Bucket, path: string, report: Report): void {
  if (typeof cors !== 'object' || !cors.allow_credentials || !cors.allowed_origins.includes('*')) return
  const paths = [`${path}.cors.allow_credentials`, `${path}.cors.allowed_origins`] as const
  report.contradict([...paths], 'cannot be true while allowed_origins holds *')
}

function checkNames(buckets: readonly Bucket[], report: Report): void {
  const first = new Map<string, string>()
  buckets.forEach(({ name }, index) => {
    const path = `buckets[${index}].name`
    const earlier = first.get(name)
    if (earlier === undefined) first.set(name, path)
    else report.contradict([path, earlier], `repeats ${earlier}; it is the cache key, so each bucket needs its own`)
  })
}

function checkRoutes(buckets: readonly Bucket[], report: Report): void {
  const first = new Map<string, number>()
  buckets.forEach((bucket, index) => {
    for (const host of hostsOf(bucket)) {
      const route = `${host}${bucket.path_prefix}`
      const earlier = first.get(route) ?? index
      first.set(route, earlier)
      if (earlier === index) continue
      const [here, there] = [`buckets[${index}]`, `buckets[${earlier}]`] as const
      const forHost = host === '' ? '' : ` for host ${host}`
      report.contradict(
        [`${here}.path_prefix`, `${there}.path_prefix`, `${here}.hosts`, `${there}.hosts`],
        `repeats ${there}.path_prefix${forHost}`,
      )
      return
    }
  })
}

/** The hosts a bucket answers for, in one form; the empty one means any. */
function hostsOf(bucket: Bucket): ReadonlySet<string> {
  if (bucket.hosts.length === 0) return new Set([''])
  return new Set(bucket.hosts.map((host) => host.toLowerCase()).filter((host) => host !== ''))
}
