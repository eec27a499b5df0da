/** Makes the package's connections, with everything it would do on its own accord turned off: no queue, no retry, no timer. */

import { createRequire } from 'node:module'
import { createSecureContext } from 'node:tls'
import type { Cluster, RedisOptions as PackageOptions, Redis } from 'ioredis'
import {
  type Address,
  accessOf,
  addressOfSentinel,
  addressOfUrl,
  type RedisOptions,
  type RedisSentinelOptions,
  usesTls,
} from './options.ts'

export type Connection = Redis | Cluster

export function isCluster(connection: Connection): connection is Cluster {
  return connection.isCluster
}

const require = createRequire(import.meta.url)
/** For whoever has a Redis: it takes 10 to 20 MB of each thread. */
const load = (): typeof import('ioredis') => require('ioredis')

/** How long a connection that is to be closed may go on saying goodbye. */
const goodbyeMs = 200

/**
 * Silence while an answer is due ends a connection: it is how a frozen Redis, or one whose host is gone, shows. Longer
 * than an operation may take, so that one slow answer does not cost the answers behind it.
 */
function silenceLimitMs(operationTimeoutMs: number): number {
  return Math.max(1000, 2 * operationTimeoutMs)
}

/** Throws when the TLS texts are no PEM. The connections made are idle until told to connect. */
export function connectionMaker(options: RedisOptions): () => Connection {
  const { Redis } = load()
  const { sentinel, urls } = options
  const common = commonOptions(options)
  if (sentinel !== undefined) return () => new Redis({ ...common, ...sentinelOptions(options, sentinel) })
  const [first, ...others] = urls.map(addressOfUrl)
  if (first === undefined) throw new Error('redis needs a url')
  if (options.isCluster || others.length > 0) return () => createCluster([first, ...others], common)
  return () => new Redis({ ...common, ...first })
}

function commonOptions(options: RedisOptions) {
  return {
    ...accessOf(options),
    ...(usesTls(options) ? { tls: { secureContext: createSecureContext(options.tls) } } : {}),
    connectTimeout: options.connectTimeoutMs,
    disconnectTimeout: goodbyeMs,
    socketTimeout: silenceLimitMs(options.operationTimeoutMs),
    connectionName: 'yatagarasu',
    disableClientInfo: true,
    lazyConnect: true,
    retryStrategy: null,
    enableOfflineQueue: false,
    // It asks INFO, which cautious ACLs refuse. A Redis that is still loading refuses each command instead.
    enableReadyCheck: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    // What a master says once it has become a replica: the next connection finds the new master.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  } satisfies PackageOptions
}

function sentinelOptions(options: RedisOptions, sentinel: RedisSentinelOptions) {
  const { tls } = commonOptions(options)
  return {
    sentinels: sentinel.hosts.map(addressOfSentinel),
    name: sentinel.masterName,
    ...(sentinel.password === undefined ? {} : { sentinelPassword: sentinel.password }),
    ...(tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tls }),
    sentinelRetryStrategy: () => null,
    sentinelCommandTimeout: options.connectTimeoutMs,
  } satisfies PackageOptions
}

/** Short enough for several in one operation's time. */
const redirectionDelayMs = 50

function createCluster(
  nodes: readonly Address[],
  { retryStrategy: _retry, enableOfflineQueue: _queue, ...common }: ReturnType<typeof commonOptions>,
): Cluster {
  return new (load().Cluster)([...nodes], {
    redisOptions: common,
    lazyConnect: true,
    clusterRetryStrategy: null,
    enableOfflineQueue: false,
    maxRedirections: 4,
    retryDelayOnFailover: redirectionDelayMs,
    retryDelayOnClusterDown: redirectionDelayMs,
    retryDelayOnTryAgain: redirectionDelayMs,
    // A refresh under way when the client is closed would begin the next one for ever. MOVED and lost nodes bring refreshes too.
    slotsRefreshInterval: 0,
    // Host names stay names: a certificate is for the name.
    dnsLookup: (address, callback) => callback(null, address),
  })
}
