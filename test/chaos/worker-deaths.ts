/**
 * The command line's proxy with several threads that end again and again, under clients that check every byte and version,
 * purges and reloads; and what has to hold during it and afterwards.
 */
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { verifyChain } from '../../src/audit/verify.ts'
import { administered, adminSecret } from '../support/administration.ts'
import { seededRandom } from '../support/faults.ts'
import { type Ending, type ProxyProcess, startProxyProcess } from '../support/proxy-process.ts'
import { bearer, lasting } from '../support/tokens.ts'
import { ChangingOrigin } from './changing-origin.ts'
import { type Reading, readAndPurge } from './changing-readers.ts'
import { type Held, mortal } from './mortal-threads.ts'

export interface DeathsOptions {
  readonly seconds: number
  readonly seed: number
  readonly workers: number
}

export interface Finding {
  readonly holds: boolean
  readonly words: string
}

interface Metrics {
  sum(name: string, ...labels: readonly string[]): number
}

/** The largest that was seen. */
interface Peaks {
  rssMb: number
  memoryTierMb: number
}

const MiB = 2 ** 20
const [memoryMb, diskMb, readers, objects] = [64, 256, 16, 400]
/** The budget, the program, 60 MB a thread, and what one that ended has not given back yet. */
const mostRssMb = 800
/** Readers go on for so long when no thread ends any more. */
const calmMs = 2000
/** Connections to the origin end, and what is written behind an answer is written. */
const settlingMs = 5000

/** `ending` is told what has to be cleaned up. */
export async function endureDeaths(ending: Ending, { seconds, seed, workers }: DeathsOptions): Promise<Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-deaths-'))
  ending.after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'cache'))
  await using origin = await ChangingOrigin.open(sizes(seededRandom(seed)), seededRandom(seed + 1))
  const configured = (max: number) => configOf(origin.endpoint, folder, workers, max)
  const proxy = await startProxyProcess(ending, configured(200), { env: mortal({ seed, seconds }) })
  const { headers } = await bearer({ sub: 'root', role: 'admin', ...lasting }, adminSecret)
  const [port, untilMs] = [Number(new URL(proxy.main).port), performance.now() + seconds * 1000 + calmMs]

  proxy.signal('SIGUSR2')
  const [reading, peaks, reloads] = await Promise.all([
    readAndPurge({ ...{ port, origin, seed, untilMs }, count: readers, adminHeaders: headers }),
    watch(proxy, untilMs),
    reloadAgainAndAgain(proxy, configured, seededRandom(seed + 2), untilMs),
  ])

  await sleep(settlingMs)
  const ended = await Promise.race([proxy.exited, sleep(0, 'not yet' as const)])
  if (ended !== 'not yet') return [finding(false, `it ended with ${ended}:\n${lastWords(proxy)}`)]
  const [metrics, held] = [await metricsOf(proxy), await heldIn(proxy)]
  const code = await proxy.stop()
  const auditFile = join(folder, 'audit.log')
  return [
    finding(code === 0, `it ran to the end, and ended with ${code} when asked to`),
    finding(reading.complaints.length === 0, answersIn(reading)),
    ...ofPeaks(peaks),
    ...ofReloads(metrics, reloads),
    ...ofHeld(held, workers),
    ...ofCounts(reading, metrics, await entriesIn(auditFile)),
    await ofChain(auditFile),
  ]
}

/** Most are small; together several times the memory tier, and more than the disk. */
function sizes(random: () => number): readonly number[] {
  return Array.from({ length: objects }, () => Math.floor(1024 * 2 ** (13 * random() ** 1.3)))
}

function configOf(endpoint: string, folder: string, workers: number, maxConcurrent: number): object {
  const keys = { region: 'us-east-1', access_key: 'test', secret_key: 'test-secret' }
  return {
    server: {
      ...{ address: '127.0.0.1:0', workers, shutdown_timeout_seconds: 5 },
      ...{ memory_budget_mb: 256, max_concurrent_requests: maxConcurrent },
    },
    metrics: { address: '127.0.0.1:0' },
    logging: { level: 'error' },
    ...administered,
    audit_log: { enabled: true, chain: true, file: { path: join(folder, 'audit.log'), max_file_size_mb: 4096 } },
    cache: {
      ...{ enabled: true, cache_layers: ['memory', 'disk'], memory: { max_cache_size_mb: memoryMb } },
      disk: { enabled: true, cache_dir: join(folder, 'cache'), max_disk_cache_size_mb: diskMb },
    },
    buckets: [{ name: 'b', path_prefix: '/b', s3: { bucket: 'bucket', endpoint, ...keys } }],
  }
}

/** Returns how often. */
async function reloadAgainAndAgain(
  proxy: ProxyProcess,
  configured: (maxConcurrent: number) => object,
  random: () => number,
  untilMs: number,
): Promise<number> {
  let reloads = 0
  while (performance.now() < untilMs) {
    await sleep(1000 + random() * 1000)
    await writeFile(proxy.configFile, JSON.stringify(configured(100 + Math.floor(random() * 100))))
    proxy.signal('SIGHUP')
    reloads += 1
  }
  return reloads
}

async function watch(proxy: ProxyProcess, untilMs: number): Promise<Peaks> {
  const peaks: Peaks = { rssMb: 0, memoryTierMb: 0 }
  for (; performance.now() < untilMs; await sleep(500)) {
    const [rss, metrics] = await Promise.all([proxy.rssBytes().catch(() => 0), metricsOf(proxy).catch(() => nothing)])
    peaks.rssMb = Math.max(peaks.rssMb, rss / MiB)
    peaks.memoryTierMb = Math.max(
      peaks.memoryTierMb,
      metrics.sum('yatagarasu_cache_size_bytes', 'layer="memory"') / MiB,
    )
  }
  return peaks
}

const nothing: Metrics = { sum: () => 0 }

async function metricsOf({ metrics }: ProxyProcess): Promise<Metrics> {
  const lines = (await (await fetch(`${metrics}/metrics`)).text()).split('\n')
  return {
    sum(name, ...labels) {
      const samples = lines.filter((line) => /^\w+/.exec(line)?.[0] === name)
      const wanted = samples.filter((line) => labels.every((label) => line.includes(label)))
      return wanted.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    },
  }
}

async function heldIn(proxy: ProxyProcess): Promise<Held> {
  const untilMs = performance.now() + settlingMs
  proxy.signal('SIGUSR1')
  for (;;) {
    const line = proxy.stdout.find((one) => one.startsWith('{"msg":"held"'))
    if (line !== undefined) return JSON.parse(line) as Held
    if (performance.now() > untilMs) throw new Error(`it does not tell what is held:\n${lastWords(proxy)}`)
    await sleep(20)
  }
}

/** Of GETs of objects. */
async function entriesIn(auditFile: string): Promise<number> {
  let entries = 0
  for await (const line of createInterface({ input: createReadStream(auditFile) })) {
    const { http_method: method, request_path: path } = JSON.parse(line) as Record<string, string>
    if (method === 'GET' && path?.startsWith('/b/')) entries += 1
  }
  return entries
}

function ofPeaks({ rssMb, memoryTierMb }: Peaks): Finding[] {
  return [
    finding(
      memoryTierMb > 0 && memoryTierMb <= memoryMb,
      `memory tier up to ${memoryTierMb.toFixed(1)} MB of ${memoryMb}`,
    ),
    finding(rssMb > 0 && rssMb <= mostRssMb, `RSS up to ${rssMb.toFixed(0)} MB, bound ${mostRssMb}`),
  ]
}

function ofReloads({ sum }: Metrics, asked: number): Finding[] {
  const [applied, refused] = ['applied', 'refused'].map((outcome) =>
    sum('yatagarasu_config_reloads_total', `outcome="${outcome}"`),
  ) as [number, number]
  return [finding(applied === asked && refused === 0, `${asked} reloads: ${applied} applied, ${refused} refused`)]
}

function ofHeld({ taken, waiting, claimed, started, terminated }: Held, workers: number): Finding[] {
  return [
    finding(terminated > 0 && started > workers, `${started} threads started, ${terminated} of them terminated`),
    finding(taken === 0 && waiting === 0, `${taken} slots taken and ${waiting} waited for when quiet`),
    finding(claimed === 0, `${claimed} claims and runs when quiet`),
  ]
}

/** A thread that ends in the instant between an answer's last byte and its count takes it along: at most one a connection. */
function ofCounts({ complete, broken, doubtful }: Reading, { sum }: Metrics, entries: number): Finding[] {
  const counted = sum('yatagarasu_http_requests_total', 'bucket="b"', 'method="GET"')
  const [least, most] = [complete - doubtful, complete + broken]
  return [
    finding(counted >= least && counted <= most, `${counted} requests counted, expected ${least} to ${most}`),
    finding(entries >= least && entries <= most, `${entries} audit entries, expected ${least} to ${most}`),
  ]
}

async function ofChain(auditFile: string): Promise<Finding> {
  const { entries, broken, torn } = await verifyChain([auditFile])
  const where = broken === undefined ? '' : `: line ${broken.line} ${broken.reason}`
  return finding(broken === undefined && torn.length === 0, `audit chain of ${entries} entries${where}`)
}

function answersIn({ complaints, purges, purgesFailed, slowestMs, ...counts }: Reading): string {
  const { complete, broken, doubtful, refused, turnedAway } = counts
  const first = complaints.slice(0, 5).map((words) => `\n  ${words}`)
  return (
    `${complaints.length} wrong of ${complete} complete answers (${refused} of them 5xx), ${broken} cut, ${doubtful} in doubt, ` +
    `${turnedAway} times nobody listened; slowest ${Math.round(slowestMs)} ms; ${purges} purges, ${purgesFailed} without an answer${first.join('')}`
  )
}

const finding = (holds: boolean, words: string): Finding => ({ holds, words })

const lastWords = ({ stdout, stderr }: ProxyProcess) => [...stdout.slice(-10), ...stderr.slice(-30)].join('\n')
