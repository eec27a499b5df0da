/**
 * What becomes of downloads when the proxy is told to end? `node bench/drain.ts [--downloads 1000]`: so many are open and
 * half read; SIGTERM; they read on. Then once more with a reader that never reads. Exits 1 when a download was not
 * complete and right to the byte, or when the exit was not clean, or not at the limit.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { MortalOrigin, Promises, type RunningProxy, s3At, startProxy } from './rig/failure-stage.ts'
import { HttpConnection } from './rig/http-connection.ts'
import { pinThisProcess } from './rig/machine.ts'
import { type BenchObject, benchObject, matchesContent } from './rig/object-content.ts'
import { findFreePort } from './rig/servers.ts'
import { Session } from './rig/session.ts'

const { values } = parseArgs({ options: { downloads: { type: 'string', default: '1000' } } })
const downloads = Number(values.downloads)
/** More than the kernel's buffers take, so that the download is open and not just unread. */
const objects = Array.from({ length: 20 }, (_, index) => benchObject(8 * 2 ** 20, index + 1))
const [generousSeconds, shortSeconds, slackMs] = [120, 3, 2000]

const session = new Session()
const promises = new Promises()
try {
  pinThisProcess(session.cores.client)
  const origin = new MortalOrigin(session, 'origin', await findFreePort())
  await origin.start()
  await drainThousand(origin)
  await drainNeverReading(origin)
  process.exitCode = promises.exitCode
} finally {
  await session.close()
}

function start(origin: MortalOrigin, seconds: number): Promise<RunningProxy> {
  return startProxy(session, {
    server: { shutdown_timeout_seconds: seconds, request_timeout_seconds: 600 },
    cache: { enabled: true, memory: { max_cache_size_mb: 256, max_item_size_mb: 16 } },
    buckets: [{ name: 'bench', path_prefix: '/bucket', s3: s3At(origin.endpoint) }],
  })
}

async function drainThousand(origin: MortalOrigin): Promise<void> {
  const proxy = await start(origin, generousSeconds)
  const opened = Array.from({ length: downloads }, (_, index) =>
    open(proxy.port, objects[index % objects.length] as BenchObject),
  )
  await Promise.all(opened.map(({ begun }) => begun))
  const active = await proxy.metric('yatagarasu_active_requests')
  promises.check(active >= downloads, `${active} downloads were open at SIGTERM`)
  const signalledMs = performance.now()
  process.kill(proxy.started.pid, 'SIGTERM')
  await refused(proxy.port)
  for (const { connection } of opened) connection.resume()
  const complete = (await Promise.all(opened.map(({ isRight }) => isRight))).filter(Boolean).length
  const code = await proxy.started.exited
  const tookMs = performance.now() - signalledMs
  promises.check(complete === downloads, `${complete} of ${downloads} downloads complete and right to the byte`)
  promises.check(code === 0, `exit ${code}, ${(tookMs / 1000).toFixed(1)} s after SIGTERM`)
}

interface Download {
  readonly connection: HttpConnection
  /** The first bytes are there, and nothing is read since. */
  readonly begun: Promise<void>
  readonly isRight: Promise<boolean>
}

function open(port: number, object: BenchObject): Download {
  const connection = new HttpConnection(port)
  const { promise: begun, resolve, reject } = Promise.withResolvers<void>()
  let isSame = true
  const answer = connection.request({
    path: `/bucket/${object.name}`,
    onBody(chunk, offset) {
      if (offset === 0) {
        connection.pause()
        resolve()
      }
      isSame &&= matchesContent(object, offset, chunk)
    },
  })
  const isRight = answer.then(
    ({ status, bytes }) => status === 200 && bytes === object.size && isSame,
    (error: unknown) => {
      reject(error)
      return false
    },
  )
  return { connection, begun, isRight }
}

/** Resolves once the listener takes nobody any more. */
async function refused(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isTaken = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.on('error', () => undefined).destroy()
    if (!isTaken) return
    await sleep(20)
  }
}

async function drainNeverReading(origin: MortalOrigin): Promise<void> {
  const proxy = await start(origin, shortSeconds)
  const [object] = objects as [BenchObject]
  const socket: Socket = connect(proxy.port, '127.0.0.1').on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(`GET /bucket/${object.name} HTTP/1.1\r\nHost: bench\r\n\r\n`)
  while ((await proxy.metric('yatagarasu_active_requests')) < 1) await sleep(20)
  const signalledMs = performance.now()
  process.kill(proxy.started.pid, 'SIGTERM')
  const code = await proxy.started.exited
  const tookMs = performance.now() - signalledMs
  socket.destroy()
  const isAtLimit = tookMs >= shortSeconds * 1000 - 50 && tookMs < shortSeconds * 1000 + slackMs
  promises.check(
    isAtLimit && code === 0,
    `a reader that never reads: exit ${code} after ${(tookMs / 1000).toFixed(2)} s, limit ${shortSeconds} s`,
  )
}
