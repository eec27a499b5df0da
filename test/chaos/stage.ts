/**
 * The whole of it, with harm in between: a real S3 server and a real Redis, each behind a `FaultProxy`, and the command
 * line's proxy with all three tiers, its disk a small file system of its own.
 */
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { Agent, request } from 'undici'
import { kill, spawnBound } from '../support/child-process.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { startOwnRedis } from '../support/redis-server.ts'
import { type S3Server, startS3 } from '../support/s3-server.ts'
import { contentOf, objects } from './objects.ts'
import { withOwnFileSystem } from './own-file-system.ts'

const mainFile = join(import.meta.dirname, '../../src/main.ts')
const memoryMb = 2
/** A roomy disk keeps all there is, however much is read; a small one leaves most of it to Redis. */
const diskMb = { roomy: 256, small: 5 } as const
export type Disk = keyof typeof diskMb
const keptLines = 30

export interface ChaosStage {
  readonly s3: FaultProxy
  readonly redis: FaultProxy
  readonly main: string
  readonly agent: Agent
  /** The cache folder as this process sees it: inside the proxy's own file system, gone when the proxy is. */
  readonly cacheFolder: string
  isRunning(): boolean
  /** The sum of all samples of a metric whose labels include these. */
  metric(name: string, labels?: string): Promise<number>
  isReady(): Promise<boolean>
  /** The last lines of its log. */
  lastWords(): string
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>
}

let filled: Promise<string> | undefined

/** Once for all tests of a file: nobody changes these objects. */
async function fill(s3: S3Server): Promise<string> {
  const bucket = await s3.bucket()
  await Promise.all(objects.map((object) => s3.put(bucket, object.key, contentOf(object))))
  return bucket
}

export async function startStage(t: TestContext, disk: Disk): Promise<ChaosStage> {
  const server = await startS3()
  filled ??= fill(server)
  const bucket = await filled
  const redisServer = await startOwnRedis(t)
  const s3 = await FaultProxy.open({ port: Number(new URL(server.endpoint).port) })
  const redis = await FaultProxy.open({ port: redisServer.port })
  const agent = new Agent({ connections: 64 })
  t.after(async () => {
    await agent.destroy()
    await s3[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
  })
  const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-chaos-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const [configFile, cacheFolder] = [join(folder, 'config.yaml'), join(folder, 'disk')]
  await mkdir(cacheFolder)
  await writeFile(
    configFile,
    JSON.stringify(
      configOf(server, bucket, s3, redis, { cache_dir: cacheFolder, max_disk_cache_size_mb: diskMb[disk] }),
    ),
  )
  const proxy = await startProxy(t, configFile, cacheFolder, diskMb[disk])
  return { s3, redis, agent, ...proxy, ...readings(proxy.metrics, agent) }
}

function configOf(server: S3Server, bucket: string, s3: FaultProxy, redis: FaultProxy, disk: object): object {
  const keys = { access_key: server.accessKeyId, secret_key: server.secretAccessKey, region: server.region }
  return {
    server: { address: '127.0.0.1:0', request_timeout_seconds: 6, shutdown_timeout_seconds: 10 },
    metrics: { address: '127.0.0.1:0' },
    logging: { level: 'warn' },
    cache: {
      enabled: true,
      cache_layers: ['memory', 'disk', 'redis'],
      memory: { max_cache_size_mb: memoryMb, max_item_size_mb: memoryMb, default_ttl_seconds: 1 },
      disk: { enabled: true, ...disk },
      redis: { enabled: true, redis_url: `redis://127.0.0.1:${redis.port}`, operation_timeout_ms: 250 },
      stale_if_error_seconds: 3600,
    },
    buckets: [
      {
        name: 'b',
        path_prefix: '/b',
        s3: { bucket, endpoint: s3.url, timeout_seconds: 1, ...keys },
        cache: { query: { include: ['cold'] } },
      },
    ],
  }
}

async function startProxy(t: TestContext, configFile: string, cacheFolder: string, megabytes: number) {
  const own = withOwnFileSystem(cacheFolder, megabytes)
  const child = spawnBound(own.command, [...own.args, process.execPath, mainFile, 'serve', '--config', configFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => kill(child))
  if (child.stdout === null) throw new Error('the proxy has no stdout')
  const lines: string[] = []
  const { promise: listening, resolve } = Promise.withResolvers<{ main: string; metrics: string }>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    if (lines.length > keptLines) lines.shift()
    if (line.includes('"msg":"listening"')) resolve(JSON.parse(line).addresses)
  })
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const addresses = await Promise.race([listening, exited.then(() => undefined)])
  if (addresses === undefined) throw new Error(`the proxy ended before it listened:\n${lines.join('\n')}`)
  return {
    ...addresses,
    cacheFolder: `/proc/${child.pid}/root${cacheFolder}`,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    lastWords: () => lines.join('\n'),
    stop() {
      child.kill('SIGTERM')
      return exited
    },
  }
}

function readings(metrics: string, agent: Agent) {
  const ask = (path: string) => request(`${metrics}${path}`, { dispatcher: agent })
  return {
    async metric(name: string, labels = '') {
      const text = await (await ask('/metrics')).body.text()
      const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      const chosen = lines.filter((line) => line.includes(labels))
      return chosen.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    },
    async isReady() {
      const { statusCode, body } = await ask('/ready')
      await body.dump()
      return statusCode === 200
    },
  }
}
