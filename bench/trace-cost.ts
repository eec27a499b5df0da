/**
 * How many S3 requests does the cache save? `node bench/trace-cost.ts [--traces FOLDER] [--only web12] [--scale 1]`: recorded
 * requests, and drawn ones, go through the whole proxy in order, on eight connections; what reaches the origin is counted there.
 * The ceiling is what a cache without bound would save: each object's first request always costs one. Exits 1 when a figure is
 * missed or a byte was wrong; with a scale below 1 only so much of each trace is played, and its figure is told, not judged.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type RunningProxy, s3At, startProxy } from './rig/failure-stage.ts'
import { Figures } from './rig/figures.ts'
import { HttpConnection } from './rig/http-connection.ts'
import { readMachineFacts } from './rig/machine.ts'
import { benchObject } from './rig/object-content.ts'
import { keepRawData } from './rig/raw-data.ts'
import { runScript } from './rig/script.ts'
import { type RunningOrigin, startOrigin } from './rig/servers.ts'
import { Session } from './rig/session.ts'
import { isGood, type Sample, timedRequest } from './rig/timed-load.ts'
import { readTrace, type TraceRequest } from './rig/trace-file.ts'
import { zipfRanks } from './rig/workload.ts'

interface Replay {
  readonly name: string
  /** What the cache has room for: objects, or bytes with what each record costs beside its body. */
  readonly room: { readonly objects: number } | { readonly bytes: number }
  /** Of all requests, in percent; absent: told, not judged. */
  readonly leastSaved?: number
  readonly why?: string
}

const { values } = parseArgs({
  options: {
    traces: { type: 'string', default: join(import.meta.dirname, '..', '..', 'shared', 'traces') },
    only: { type: 'string' },
    scale: { type: 'string', default: '1' },
  },
})
const scale = Number(values.scale)
const [connections, objectBytes, probes] = [8, 4096, 500]
/** Ids become numbers of as many digits, so that every record costs the same. */
const firstNumber = 100_000
const zipf = { objects: 10_000, exponent: 1, seed: 1, requests: 100_000 }
/** The rooms of 2,000 objects are those for which simulations are published: S3-FIFO's misses, and half a point. */
const replays: readonly Replay[] = [
  { name: 'web12', room: { objects: 2000 }, leastSaved: 75, why: 'S3-FIFO, simulated: 75.5 %' },
  { name: 'web12', room: { objects: 4500 }, leastSaved: 80 },
  { name: 'web07', room: { objects: 2000 }, leastSaved: 57.5, why: 'S3-FIFO, simulated: 58.0 %' },
  { name: 'web07', room: { objects: 17_000 }, leastSaved: 72.1 },
  { name: 'zipf', room: { objects: 2500 }, leastSaved: 80 },
  { name: 'cdn-sized', room: { bytes: 20 * 2 ** 20 } },
]

const session = new Session()
await runScript(session, main)

async function main(): Promise<number> {
  const machine = readMachineFacts(join(import.meta.dirname, '..'), session.cores)
  const origin = await startOrigin(session)
  process.stdout.write(
    `${machine.commit}, Node ${machine.versions.node}, load average ${machine.loadAverage.toFixed(1)}; objects without a ` +
      `size have ${objectBytes} bytes; zipf: ${zipf.requests} requests for ${zipf.objects} ` +
      `objects, exponent ${zipf.exponent}\n`,
  )
  const figures = new Figures()
  const rows = []
  for (const replay of replays.filter(({ name }) => values.only === undefined || name === values.only)) {
    rows.push(await play(replay, origin, figures))
  }
  process.stdout.write(`raw data: ${keepRawData('trace-cost', 'trace-cost', { machine, scale, rows })}\n`)
  return figures.exitCode
}

async function play(replay: Replay, origin: RunningOrigin, figures: Figures) {
  const all = requestsOf(replay.name)
  const requests = all.slice(0, Math.ceil(all.length * scale))
  const cacheBytes = 'objects' in replay.room ? await bytesFor(replay.room.objects, origin) : replay.room.bytes
  const proxy = await startWithCache(origin, cacheBytes)
  const before = await origin.traffic()
  const failed = await send(proxy.port, requests)
  const after = await origin.traffic()
  await session.stop(proxy.started)

  const distinct = new Set(requests.map(({ id }) => id)).size
  const [originRequests, originBytes] = [after.requests - before.requests, after.bytes - before.bytes]
  const percent = (share: number) => (1 - share / requests.length) * 100
  const [saved, ceiling] = [percent(originRequests), percent(distinct)]
  const room = 'objects' in replay.room ? `${replay.room.objects} objects` : `${replay.room.bytes / 2 ** 20} MB`
  const beside = [`ceiling ${ceiling.toFixed(1)} %`, ...(replay.why === undefined ? [] : [replay.why])].join('; ')
  const name = `${replay.name}, ${requests.length} requests for ${distinct} objects, room for ${room} (${beside}): saved`
  if (replay.leastSaved === undefined || scale < 1) figures.tell(name, saved, '%')
  else figures.atLeast(name, saved, replay.leastSaved, '%')
  if (failed.length > 0) figures.atMost(`${replay.name}: failed or wrong, such as ${told(failed[0])}`, failed.length, 0)
  return { ...replay, requests: requests.length, distinct, originRequests, originBytes, saved, ceiling, cacheBytes }
}

function requestsOf(name: string): readonly TraceRequest[] {
  if (name !== 'zipf') return readTrace(join(values.traces, `${name}.csv.gz`), objectBytes)
  const next = zipfRanks(zipf)
  return Array.from({ length: zipf.requests }, () => ({ id: next(), bytes: objectBytes }))
}

/** In order: each connection takes the next one. Gives those that were not answered rightly. */
async function send(port: number, requests: readonly TraceRequest[]): Promise<readonly Sample[]> {
  const failed: Sample[] = []
  let sent = 0
  const client = async () => {
    const connection = new HttpConnection(port)
    for (let request = requests[sent++]; request !== undefined; request = requests[sent++]) {
      const object = benchObject(request.bytes, firstNumber + request.id)
      const sample = await timedRequest(connection, { object, path: `/bucket/${object.name}` }, performance.now())
      if (!isGood(sample)) failed.push(sample)
      if (!connection.isOpen) throw new Error(`a connection was lost: ${told(sample)}`)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: connections }, client))
  return failed
}

function told(sample: Sample | undefined): string {
  return `${sample?.request.object.name}: ${sample?.words.split('\r\n', 1)[0]}`
}

/** What so many objects cost a memory tier of about that size, all included: a small one has another form than a large one. */
async function bytesFor(objects: number, origin: RunningOrigin): Promise<number> {
  const proxy = await startWithCache(origin, objects * objectBytes)
  await send(
    proxy.port,
    Array.from({ length: probes }, (_, id) => ({ id, bytes: objectBytes })),
  )
  const [bytes, items] = [
    await proxy.metric('yatagarasu_cache_size_bytes'),
    await proxy.metric('yatagarasu_cache_items'),
  ]
  await session.stop(proxy.started)
  if (items !== probes) throw new Error(`of ${probes} objects the cache holds ${items}`)
  return objects * Math.ceil(bytes / items)
}

function startWithCache(origin: RunningOrigin, cacheBytes: number): Promise<RunningProxy> {
  return startProxy(session, {
    cache: { enabled: true, memory: { max_cache_size_mb: `${Math.ceil(cacheBytes / 1024)}KB` } },
    buckets: [{ name: 'bench', path_prefix: '/bucket', s3: s3At(`http://127.0.0.1:${origin.port}`) }],
  })
}
