/** Proxies to which everything happens that is counted, and what they say of it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { startKeyServer } from '../behaviour/access/key-server.ts'
import { administered, adminOf } from '../support/administration.ts'
import { advanceUntil } from '../support/advance-until.ts'
import { makeCertificates } from '../support/certificates.ts'
import { KiB, makeFolder } from '../support/disk-folders.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { startFakeOrigin } from '../support/fake-origin.ts'
import { faulty } from '../support/faulty-tier.ts'
import { type Series, scraped } from '../support/promql.ts'
import { startProxyProcess } from '../support/proxy-process.ts'
import { startOwnRedis } from '../support/redis-server.ts'
import { startReplicated } from '../support/replicas.ts'
import { configFor, startProxy, startProxyBefore } from '../support/start-proxy.ts'
import { bearer, hs256 } from '../support/tokens.ts'

/** All series, with the labels that Prometheus adds. */
export async function scrapeAll(t: TestContext, target: Readonly<Record<string, string>>): Promise<readonly Series[]> {
  const expositions = [await everythingOn(t), await originsFail(t), await tierFails(t), await commandLine(t)]
  return expositions.flatMap((exposition) => scraped(exposition, target))
}

async function scrape({ metrics }: { readonly metrics: string }): Promise<string> {
  return (await fetch(`${metrics}/metrics`)).text()
}

/** Three tiers, audit, webhooks, limits, keys that are fetched; hits, misses, refusals and purges. */
async function everythingOn(t: TestContext): Promise<string> {
  const redis = await startOwnRedis(t)
  const folder = await makeFolder(t)
  const audit_log = { enabled: true, outputs: ['file'], file: { path: join(folder, 'audit.log') } }
  const clock = new FakeClock()
  const origin = await startFakeOrigin(t, { clock })
  const proxy = await startProxyBefore(t, origin.endpoint, {
    clock,
    cache: {
      cache_layers: ['memory', 'disk', 'redis'],
      memory: { max_cache_size_mb: 1 },
      disk: { enabled: true, cache_dir: join(folder, 'disk') },
      redis: { enabled: true, redis_url: redis.url },
    },
    s3: { retry: { max_attempts: 1 } },
    moreBuckets: [
      protectedBucket('locked', origin.endpoint, hs256),
      protectedBucket('keyed', origin.endpoint, { algorithm: 'EdDSA', jwks_url: (await startKeyServer(t)).url }),
      { ...bucketAt('slow', origin.endpoint), rate_limit: { per_ip: { requests_per_second: 1 } } },
      { ...bucketAt('lan', origin.endpoint), ip_blocklist: ['127.0.0.0/8'] },
    ],
    top: {
      ...{ ...administered, audit_log, rate_limiting: { enabled: true, per_ip: { requests_per_second: 1000 } } },
      webhooks: [{ url: 'http://127.0.0.1:9/', secret: 'a secret of thirty-two bytes, or more', events: ['purge'] }],
    },
  })
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) origin.serve(key, Buffer.alloc(200 * KiB))
  origin.serve('broken', 'x').failWith(500, 'InternalError')
  for (const key of ['a', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'broken', 'none']) await proxy.get(`/b/${key}`)
  await proxy.untilWritten('redis', 1)
  await proxy.untilWritten('disk', 1)
  for (let time = 0; time < 3; time++) await proxy.get('/slow/a')
  await proxy.get('/locked/a')
  await proxy.get('/locked/a', await bearer())
  await proxy.get('/lan/a')
  await (await adminOf(proxy))('POST', '/cache/purge')
  await clock.advance(1000)
  return scrape(proxy)
}

function bucketAt(name: string, endpoint: string) {
  const s3 = { bucket: 'bucket', region: 'us-east-1', endpoint, access_key: 'test', secret_key: 'test-secret' }
  return { name, path_prefix: `/${name}`, s3 }
}

function protectedBucket(name: string, endpoint: string, jwt: object) {
  return { ...bucketAt(name, endpoint), jwt }
}

/** Replicas that fail one after the other, until requests are not repeated any more. */
async function originsFail(t: TestContext): Promise<string> {
  const { proxy, origins, clock } = await startReplicated(t, 2, {
    bucket: { cache: { enabled: false } },
    server: { request_timeout_seconds: 2 },
    s3: { circuit_breaker: { failure_threshold: 40 } },
  })
  for (const origin of origins) origin.serve('a', 'crow')
  const late = origins[0]?.serve('late', 'crow').delayHead()
  await advanceUntil(clock, proxy.get('/b/late'))
  late?.release()
  await origins[0]?.stop()
  await proxy.get('/b/a')
  await origins[1]?.stop()
  await advanceUntil(clock, Promise.all(Array.from({ length: 30 }, () => proxy.get('/b/a'))))
  return scrape(proxy)
}

/** A disk that takes nothing. */
async function tierFails(t: TestContext): Promise<string> {
  const { proxy, origin } = await startProxy(t, {
    cache: { cache_layers: ['memory', 'disk'], disk: { enabled: true, cache_dir: await makeFolder(t) } },
    tierGuard: (tier) => (tier.name === 'disk' ? faulty(tier, { on: ['put'], failEvery: 1 }) : tier),
  })
  for (let key = 0; key < 10; key++) {
    origin.serve(`${key}`, 'crow')
    await proxy.get(`/b/${key}`)
  }
  await proxy.untilMetric('yatagarasu_cache_writes_dropped_total', {}, 1)
  return scrape(proxy)
}

/** As it is started: TLS, and a config file that is spoilt. */
async function commandLine(t: TestContext): Promise<string> {
  const origin = await startFakeOrigin(t)
  const { server } = await makeCertificates(t)
  const tls = { cert_path: server.certPath, key_path: server.keyPath }
  const proxy = await startProxyProcess(t, JSON.stringify(configFor(origin.endpoint, { server: { tls } })))
  await writeFile(proxy.configFile, 'buckets: 7')
  proxy.signal('SIGHUP')
  while (!proxy.stdout.some((line) => line.includes('config is not reloaded'))) await scrape(proxy)
  return scrape(proxy)
}
