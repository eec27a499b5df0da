/**
 * What do ten thousand TLS connections and a hundred new certificates leave behind? `node bench/tls-churn.ts
 * [--connections N] [--renewals N]`: a listener in a process of its own; every second connection speaks HTTP/2, each asks
 * once and leaves. Meanwhile the certificate is renewed, and one connection of each protocol stays and goes on asking.
 * Exits 1 when a request failed, a connection that stayed was lost, the last certificate is not shown, or more than
 * `maxGrowthMb` of memory or any connection is left.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { Agent, request } from 'node:https'
import { connect } from 'node:tls'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/base/clock.ts'
import { systemRandom } from '../src/base/random.ts'
import type { TlsCertificate } from '../src/http/certificates.ts'
import { createListener } from '../src/http/server.ts'
import { makeCertificateFor } from '../test/support/certificates.ts'

const atOnce = 32
const maxGrowthMb = 64
const limitMs = 300_000
const minVersion = 'TLSv1.2'

interface Report {
  readonly url?: string
  readonly rssMb: number
  readonly openConnections: number
  readonly rejected: number
}

if (process.send === undefined) process.exitCode = await drive()
else await serve()

/** In the forked process. Takes certificates, and answers each message with how it stands. */
async function serve(): Promise<void> {
  const tell = (report: Report) => process.send?.(report)
  const [first] = (await once(process, 'message')) as [TlsCertificate]
  let rejected = 0
  const listener = createListener(
    {
      ...{ host: '127.0.0.1', port: 0, keepAliveTimeoutMs: 75_000, requestTimeoutMs: 30_000 },
      ...{ maxHeaderBytes: 16 * 1024, maxUriLength: 8192, maxRequestBodyBytes: 0 },
      clientAddress: { trustedProxies: [], source: 'x-forwarded-for' },
      tls: { minVersion, certificates: [first] },
    },
    {
      ...{ clock: systemClock, random: systemRandom },
      handle: async () => ({ status: 200, headers: [], body: { kind: 'bytes', bytes: Buffer.from('hello') } }),
      done() {},
      rejected: () => rejected++,
    },
  )
  const stand = () => {
    globalThis.gc?.()
    return { rssMb: process.memoryUsage.rss() / 1024 / 1024, openConnections: listener.openConnections, rejected }
  }
  process.on('message', (certificate: TlsCertificate | 'report') => {
    if (certificate === 'report') tell(stand())
    else listener.renewCertificates([certificate])
  })
  tell({ ...stand(), url: (await listener.listen()).url })
}

async function drive(): Promise<number> {
  const options = {
    connections: { type: 'string', default: '10000' },
    renewals: { type: 'string', default: '100' },
  } as const
  const { values } = parseArgs({ options })
  const [total, renewals] = [Number(values.connections), Number(values.renewals)]
  const cleanups: (() => void)[] = []
  const scope = { after: (clean: () => void) => cleanups.push(clean) }
  const certificates = [await makeCertificateFor(scope, ['even.test']), await makeCertificateFor(scope, ['odd.test'])]
  const server = fork(import.meta.filename, { execArgv: ['--expose-gc'] })
  const giveUp = setTimeout(() => server.kill('SIGKILL'), limitMs)
  try {
    return await churn(server, certificates, total, renewals)
  } finally {
    clearTimeout(giveUp)
    server.kill()
    for (const clean of cleanups) clean()
  }
}

async function churn(
  server: ChildProcess,
  certificates: readonly TlsCertificate[],
  total: number,
  renewals: number,
): Promise<number> {
  const renew = (index: number) => server.send(certificates[index % 2] as TlsCertificate)
  renew(0)
  const [{ url = '' }] = (await once(server, 'message')) as [Report]
  const port = Number(new URL(url).port)
  const problems: string[] = []

  const stays = [
    new Agent({ keepAlive: true, maxSockets: 1 }),
    connectHttp2(url, { rejectUnauthorized: false }),
  ] as const
  const askAgain = () => Promise.all([askHttp1(port, stays[0]), askHttp2(stays[1])])
  stays[1].on('error', (error) => problems.push(`the HTTP/2 connection that stayed: ${error.message}`))

  let done = 0
  const round = async (count: number, isRenewing: boolean) => {
    const end = done + count
    const worker = async () => {
      while (done < end) {
        const index = done++
        if (isRenewing && index % Math.ceil(count / renewals) === 0) {
          renew(index / Math.ceil(count / renewals) + 1)
          await askAgain().catch((error) => problems.push(`a connection that stayed: ${error.message}`))
        }
        await (index % 2 === 0 ? askOnce(port) : askOnceHttp2(url)).catch((error) => problems.push(error.message))
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
  }

  await round(Math.ceil(total / 5), false) // until memory has found its level
  const before = await report(server)
  const startedAt = performance.now()
  await round(total, true)
  const seconds = (performance.now() - startedAt) / 1000
  renew(1)
  const shown = await certificateNames(port)
  const sockets = Object.values(stays[0].sockets).concat(Object.values(stays[0].freeSockets)).length
  if (sockets !== 1) problems.push('the HTTP/1.1 connection that stayed was lost')
  if (shown !== 'DNS:odd.test') problems.push(`the certificate shown at the end is ${shown}`)
  stays[0].destroy()
  stays[1].destroy()
  let after = await report(server)
  for (const deadline = performance.now() + 10_000; after.openConnections > 0 && performance.now() < deadline; ) {
    after = await report(server)
  }
  const grownMb = after.rssMb - before.rssMb
  if (after.openConnections > 0) problems.push(`${after.openConnections} connections are left`)
  if (after.rejected > 0) problems.push(`${after.rejected} connections were rejected`)
  if (grownMb > maxGrowthMb) problems.push(`memory grew by ${Math.round(grownMb)} MiB`)

  const rate = Math.round(total / seconds)
  process.stdout.write(`${total} connections (${rate}/s), ${renewals} renewals, ${problems.length} problems\n`)
  process.stdout.write(`RSS ${Math.round(before.rssMb)} MiB before, ${Math.round(after.rssMb)} MiB after\n`)
  process.stdout.write(`${after.openConnections} connections open at the end, ${after.rejected} rejected\n`)
  for (const problem of new Set(problems)) process.stderr.write(`FAILED ${problem}\n`)
  return problems.length === 0 ? 0 : 1
}

async function report(server: ChildProcess): Promise<Report> {
  server.send('report')
  const [told] = (await once(server, 'message')) as [Report]
  return told
}

function askOnce(port: number): Promise<void> {
  return askHttp1(port, new Agent({ keepAlive: false, maxCachedSessions: 0 }))
}

function askHttp1(port: number, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, agent, rejectUnauthorized: false }, (response) => {
      response.resume()
      response.once('end', resolve)
    })
    asked.once('error', reject)
    asked.end()
  })
}

async function askOnceHttp2(url: string): Promise<void> {
  const session = connectHttp2(url, { rejectUnauthorized: false })
  const failed = once(session, 'error').then(([error]) => Promise.reject(error))
  failed.catch(() => {}) // nobody waits for it once the answer is here
  try {
    await Promise.race([askHttp2(session), failed])
  } finally {
    session.destroy()
  }
}

function askHttp2(session: ReturnType<typeof connectHttp2>): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/' })
    stream.resume()
    stream.once('end', resolve)
    stream.once('error', reject)
  })
}

async function certificateNames(port: number): Promise<string | undefined> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { subjectaltname } = socket.getPeerCertificate()
  socket.end()
  await once(socket.resume(), 'close')
  return subjectaltname
}
