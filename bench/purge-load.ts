/**
 * Does anybody who asks after a purge's 200 get what was there before? `node bench/purge-load.ts [--seconds 30]
 * [--reads 600] [--purges 50]`: objects change at the origin and are purged by key, prefix and tag, in turn, while they are
 * read, small ones whole and large ones by range; memory, disk and Redis are on. A second proxy on the same Redis may be
 * two seconds late. Exits 1 when a byte was wrong.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { SignJWT } from 'jose'
import { Agent, request } from 'undici'
import { findFreePort, probePort, readAddresses } from './rig/servers.ts'
import { Session, waitFor } from './rig/session.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    reads: { type: 'string', default: '600' },
    purges: { type: 'string', default: '50' },
  },
})
const [seconds, readsPerSecond, purgesPerSecond] = [values.seconds, values.reads, values.purges].map(Number) as [
  number,
  number,
  number,
]
const secret = 'a secret of the bench, and of nothing else'
const session = new Session()
const agent = new Agent({ connections: 256 })

/** How long the other proxy may take to hear of a purge. */
const lateMs = 2000
const [folders, perFolder, largeObjects] = [20, 10, 4]
const [smallBytes, largeBytes] = [800, 3 * 2 ** 20]
/** Objects are their version, over and over: any aligned piece tells it. */
const unit = 8

interface Served {
  readonly key: string
  readonly bytes: number
  version: number
  /** What a request sent now has to get at least, from the first proxy and from the second. */
  floor: number
  lateFloor: number
}

const objects: Served[] = []
for (let folder = 0; folder < folders; folder++) {
  for (let index = 0; index < perFolder; index++) objects.push(served(`d${folder}/k${index}`, smallBytes))
}
for (let index = 0; index < largeObjects; index++) objects.push(served(`large/${index}`, largeBytes))
const byKey = new Map(objects.map((object) => [object.key, object]))

function served(key: string, bytes: number): Served {
  return { key, bytes, version: 1, floor: 0, lateFloor: 0 }
}

function unitOf(version: number): string {
  return `v${String(version).padStart(unit - 2, '0')}:`
}

const counts = { reads: 0, late: 0, purges: 0, absent: 0, origin: 0 }
const problems: string[] = []

try {
  process.exitCode = await main()
} finally {
  await agent.destroy()
  await session.close()
}

async function main(): Promise<number> {
  const origin = createServer(answer)
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const redisPort = await findFreePort()
  const redis = session.start('redis', session.cores.origin, 'redis-server', [
    ...['--port', `${redisPort}`, '--bind', '127.0.0.1', '--save', '', '--dir', session.folder],
  ])
  await waitFor(redis, () => probePort(redisPort))
  const words = { ORIGIN_PORT: `${(origin.address() as AddressInfo).port}`, REDIS_PORT: `${redisPort}`, SECRET: secret }
  const [first, second] = await Promise.all(['first', 'second'].map((name) => startProxy(name, words)))
  if (first === undefined || second === undefined) throw new Error('no proxy')
  const token = await new SignJWT({ sub: 'bench', role: 'admin' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret))

  await untilPromised(first, token)
  const endsAt = performance.now() + seconds * 1000
  await Promise.all([
    paced(readsPerSecond, endsAt, () => read(first, ({ floor }) => floor, 'reads')),
    paced(readsPerSecond / 10, endsAt, () => read(second, ({ lateFloor }) => lateFloor, 'late')),
    paced(purgesPerSecond, endsAt, (turn) => purge(first, token, turn)),
  ])
  origin.close()
  origin.closeAllConnections()
  process.stdout.write(`${JSON.stringify(counts)}\n`)
  for (const problem of problems.slice(0, 20)) process.stderr.write(`FAILED ${problem}\n`)
  process.stdout.write(`${problems.length} problems\n`)
  return problems.length === 0 ? 0 : 1
}

/** Redis is connected behind the start; until then no purge can be promised to those who share it. */
async function untilPromised(proxy: string, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` }
  for (;;) {
    const url = `${proxy}/admin/cache/purge/b/none`
    const { statusCode, body } = await request(url, { dispatcher: agent, method: 'POST', headers })
    await body.dump()
    if (statusCode !== 503) return
    await sleep(20)
  }
}

async function startProxy(name: string, words: Readonly<Record<string, string>>): Promise<string> {
  const config = join(import.meta.dirname, 'rig', 'yatagarasu-purge.yaml')
  const command = [join(import.meta.dirname, '..', 'src', 'main.ts'), 'serve', '--config', config]
  const folder = join(session.folder, name)
  const proxy = session.start(name, session.cores.server, process.execPath, command, { ...words, CACHE_DIR: folder })
  return (await waitFor(proxy, () => readAddresses(proxy))).main
}

/** Starts `act` at a steady rate, however long it takes; resolves when all have ended. */
async function paced(perSecond: number, endsAt: number, act: (turn: number) => Promise<void>): Promise<void> {
  const startedAt = performance.now()
  const acts: Promise<void>[] = []
  for (let turn = 0; performance.now() < endsAt; turn++) {
    const due = startedAt + (turn / perSecond) * 1000
    if (due > performance.now()) await sleep(due - performance.now())
    acts.push(act(turn).catch((error: unknown) => void problems.push(String(error))))
  }
  await Promise.all(acts)
}

async function read(proxy: string, floorOf: (object: Served) => number, count: 'reads' | 'late'): Promise<void> {
  const object = objects[Math.floor(Math.random() ** 2 * objects.length)] as Served
  const start = object.bytes === largeBytes ? Math.floor((Math.random() * largeBytes) / unit - 1000) * unit : 0
  const length = object.bytes === largeBytes ? 1000 * unit : object.bytes
  const from = Math.max(0, start)
  const headers = object.bytes === largeBytes ? { range: `bytes=${from}-${from + length - 1}` } : {}
  const floor = floorOf(object)
  const { statusCode, body } = await request(`${proxy}/b/${object.key}`, { dispatcher: agent, headers })
  const text = await body.text()
  const version = Number(text.slice(1, unit - 1))
  counts[count] += 1
  const isWhole = text.length === length && text === unitOf(version).repeat(length / unit)
  if (![200, 206].includes(statusCode) || !isWhole) problems.push(`${object.key}: ${statusCode}, ${text.length} bytes`)
  else if (version < floor) problems.push(`${object.key}: version ${version} after ${floor} was purged for (${count})`)
}

async function purge(proxy: string, token: string, turn: number): Promise<void> {
  const [kind, which] = [turn % 3, Math.floor(turn / 3)]
  const folder = which % folders
  const chosen = [
    () => [objects[which % objects.length] as Served],
    () => objects.filter(({ key }) => key.startsWith(`d${folder}/`)),
    () => objects.filter((object) => tagOf(object) === `t${which % perFolder}`),
  ][kind]?.()
  if (chosen === undefined) return
  for (const object of chosen) object.version += 1
  const versions = chosen.map(({ version }) => version)
  const path = kind === 0 ? `/b/${chosen[0]?.key}` : kind === 1 ? `/b/d${folder}/*` : ''
  const body = kind === 2 ? JSON.stringify({ where: { tag: `t${which % perFolder}` } }) : null
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const url = `${proxy}/admin/cache/purge${path}`
  const answered = await request(url, { dispatcher: agent, method: 'POST', headers, body })
  const text = await answered.body.text()
  counts.purges += 1
  if (answered.statusCode === 404) counts.absent += 1
  else if (answered.statusCode !== 200)
    return void problems.push(`purge ${path} ${body}: ${answered.statusCode} ${text}`)
  for (const [index, object] of chosen.entries()) object.floor = Math.max(object.floor, versions[index] ?? 0)
  await sleep(lateMs)
  for (const [index, object] of chosen.entries()) object.lateFloor = Math.max(object.lateFloor, versions[index] ?? 0)
}

function tagOf({ key }: Served): string {
  return `t${key.split('/k')[1] ?? 'large'}`
}

/** As S3 would: whole or one range, and only of the version that If-Match names. */
function answer(incoming: IncomingMessage, response: ServerResponse): void {
  counts.origin += 1
  const key = decodeURIComponent((incoming.url ?? '').split('?')[0]?.replace('/bucket/', '') ?? '')
  const object = byKey.get(key)
  if (object === undefined) return void response.writeHead(404).end()
  const { version, bytes } = object
  const etag = `"${version}"`
  // Some take their time, so that purges overtake them.
  setTimeout(
    () => {
      if ((incoming.headers['if-match'] ?? etag) !== etag) return void response.writeHead(412).end()
      const fields = { ETag: etag, 'x-amz-meta-cache-tag': tagOf(object), 'Accept-Ranges': 'bytes' }
      if (incoming.headers['if-none-match'] === etag) return void response.writeHead(304, fields).end()
      const range = /^bytes=(\d+)-(\d*)$/.exec(incoming.headers.range ?? '')
      const from = Number(range?.[1] ?? 0)
      const to = Math.min(bytes, range?.[2] === undefined || range[2] === '' ? bytes : Number(range[2]) + 1)
      const body = unitOf(version)
        .repeat(bytes / unit)
        .slice(from, to)
      const content = range === null ? {} : { 'Content-Range': `bytes ${from}-${to - 1}/${bytes}` }
      response.writeHead(range === null ? 200 : 206, { ...fields, ...content, 'Content-Length': body.length })
      response.end(body)
    },
    Math.random() < 0.3 ? Math.random() * 100 : 0,
  )
}
