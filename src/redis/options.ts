/** Where Redis is and who we are to it. */

export interface RedisTlsOptions {
  /** PEM texts. `ca` absent: the certificate authorities Node trusts. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

export interface RedisSentinelOptions {
  readonly masterName: string
  /** `host` or `host:port`. */
  readonly hosts: readonly string[]
  readonly password?: string | undefined
}

export interface RedisOptions {
  /** `redis://` or `rediss://` (TLS). The first one's user, password and db count where they are not given below. May be empty with `sentinel`. */
  readonly urls: readonly string[]
  /** The urls are nodes of one Redis Cluster. Several urls are, in any case. */
  readonly isCluster?: boolean | undefined
  readonly sentinel?: RedisSentinelOptions | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Present: TLS, whatever the urls say; to the sentinels too. */
  readonly tls?: RedisTlsOptions | undefined
  /** 0: what the url says. A cluster has only 0. */
  readonly db: number
  /** Connections for ordinary commands; one more carries bulk values. Of a cluster: that many to each node. */
  readonly poolSize: number
  readonly connectTimeoutMs: number
  /** No operation takes longer, whatever Redis does. */
  readonly operationTimeoutMs: number
}

export interface Address {
  readonly host: string
  readonly port: number
}

export interface Access {
  readonly username?: string
  readonly password?: string
  readonly db: number
}

const standardPort = 6379
const standardSentinelPort = 26379

export function addressOfUrl(url: string): Address {
  const { hostname, port } = new URL(url)
  return { host: withoutBrackets(hostname) || 'localhost', port: Number(port || standardPort) }
}

export function addressOfSentinel(text: string): Address {
  // redis: is no scheme the URL parser knows a standard port of, so that it keeps whichever is there.
  const { hostname, port } = new URL(`redis://${text}`)
  return { host: withoutBrackets(hostname), port: Number(port || standardSentinelPort) }
}

export function usesTls({ tls, urls }: Pick<RedisOptions, 'tls' | 'urls'>): boolean {
  return tls !== undefined || urls.some((url) => url.startsWith('rediss:'))
}

export function accessOf(options: Pick<RedisOptions, 'urls' | 'username' | 'password' | 'db'>): Access {
  const url = options.urls[0] === undefined ? undefined : new URL(options.urls[0])
  const username = options.username ?? decodeURIComponent(url?.username ?? '')
  const password = options.password ?? decodeURIComponent(url?.password ?? '')
  return {
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    db: options.db || Number(url?.pathname.slice(1) ?? 0) || 0,
  }
}

function withoutBrackets(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}
