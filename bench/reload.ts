/**
 * Does a reload cost anybody anything? `node bench/reload.ts [--seconds 20] [--rate 500] [--reloads 1000]`: a reload each
 * second in which a route and a key change, at a steady rate of requests; what is sent before a reload begins or after it
 * has answered has one right answer. Then many reloads in a row: memory, descriptors and listeners before and after.
 * Exits 1 when a promise is broken.
 */
import { readdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { SignJWT } from 'jose'
import { Agent, request } from 'undici'
import { readAddresses } from './rig/servers.ts'
import { Session, waitFor } from './rig/session.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '500' },
    reloads: { type: 'string', default: '1000' },
  },
})
const [seconds, rate, reloads] = [Number(values.seconds), Number(values.rate), Number(values.reloads)]
const session = new Session()
const agent = new Agent({ connections: 64 })
const problems: string[] = []
const secrets = ['the first secret of the bench, and no other', 'the second secret of the bench, and no other'] as const
const adminSecret = 'the secret of administrators, in this bench'

try {
  process.exitCode = await main()
} finally {
  await agent.destroy()
  await session.close()
}

async function main(): Promise<number> {
  const origin = createServer((_incoming, response) => {
    response.writeHead(200, { ETag: '"1"', 'Content-Length': 4 }).end('crow')
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const file = join(session.folder, 'config.yaml')
  const endpoint = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`
  const write = (turn: number) => {
    writeFileSync(`${file}.next`, JSON.stringify(configOf(endpoint, turn)))
    renameSync(`${file}.next`, file)
  }
  write(0)
  const command = [join(import.meta.dirname, '..', 'src', 'main.ts'), 'serve', '--config', file]
  const proxy = session.start('yatagarasu', session.cores.server, process.execPath, command, {})
  const { main: url } = await waitFor(proxy, () => readAddresses(proxy))
  const [first, second, admin] = await Promise.all([...secrets, adminSecret].map(tokenOf))
  const reload = () => send(`${url}/admin/reload`, 'POST', admin ?? '')

  /** Which of the two configurations holds; undefined while one gives way to the other. */
  let turn: number | undefined = 0
  let isOver = false
  const changing = (async () => {
    for (let next = 1; next <= seconds; next++) {
      await sleep(1000)
      write(next)
      turn = undefined
      const { status } = await reload()
      if (status !== 200) problems.push(`reload ${next}: ${status}`)
      turn = next
    }
    isOver = true
  })()
  let sent = 0
  const startedAt = performance.now()
  const asks: Promise<void>[] = []
  while (!isOver) {
    const due = startedAt + (sent / rate) * 1000
    await sleep(Math.max(0, due - performance.now()))
    const [path, token] = [sent % 2 === 0 ? '/even/a' : '/odd/a', (sent >> 1) % 2 === 0 ? first : second]
    asks.push(check(url, path, token ?? '', sent >> 1, () => turn))
    sent += 1
  }
  await Promise.all([changing, ...asks])
  process.stdout.write(`${sent} requests over ${seconds} reloads, ${problems.length} problems\n`)

  const reloadTimes = async (times: number) => {
    for (let count = 0; count < times; count++) {
      write(count)
      await reload()
    }
  }
  await reloadTimes(500) // until the heap is as large as it likes to be
  const before = footprint(proxy.pid)
  await reloadTimes(reloads)
  await sleep(1000)
  const after = footprint(proxy.pid)
  process.stdout.write(`after ${reloads} reloads: ${JSON.stringify({ before, after })}\n`)
  if (after.descriptors > before.descriptors + 5) problems.push('descriptors grow')
  if (after.listeners !== before.listeners) problems.push('listeners grow')
  if (after.rssMb > before.rssMb + 20) problems.push('memory grows')
  origin.close()
  origin.closeAllConnections()
  for (const problem of problems.slice(0, 20)) process.stderr.write(`FAILED ${problem}\n`)
  return problems.length === 0 ? 0 : 1
}

/** Even turns serve under /even for the first key, odd ones under /odd for the second. */
async function check(
  url: string,
  path: string,
  token: string,
  which: number,
  turnNow: () => number | undefined,
): Promise<void> {
  const before = turnNow()
  const { status, text } = await send(url + path, 'GET', token)
  const after = turnNow()
  if (status === 0) return void problems.push(`${path}: dropped (${text})`)
  if (before === undefined || before !== after)
    return void (![200, 401, 404].includes(status) && problems.push(`${path}: ${status}`))
  const isThere = path === (before % 2 === 0 ? '/even/a' : '/odd/a')
  const isKnown = which % 2 === before % 2
  const right = isThere ? (isKnown ? 200 : 401) : 404
  if (status !== right || (status === 200 && text !== 'crow'))
    problems.push(`${path}, turn ${before}: ${status}, not ${right}`)
}

async function send(url: string, method: 'GET' | 'POST', token: string): Promise<{ status: number; text: string }> {
  try {
    const { statusCode, body } = await request(url, {
      method,
      dispatcher: agent,
      headers: { authorization: `Bearer ${token}` },
    })
    return { status: statusCode, text: await body.text() }
  } catch (error) {
    return { status: 0, text: String(error) } // a connection that broke is what is looked for
  }
}

function configOf(endpoint: string, turn: number): object {
  const which = turn % 2
  const keys = { region: 'us-east-1', endpoint, access_key: 'k', secret_key: 's' }
  return {
    server: { address: '127.0.0.1:0' },
    metrics: { address: '127.0.0.1:0' },
    logging: { level: 'warn' },
    admin: {
      jwt: { algorithm: 'HS256', secret: adminSecret },
      claims: [{ claim: 'role', operator: 'equals', value: 'admin' }],
    },
    cache: { enabled: true, memory: { max_cache_size_mb: 16 } },
    buckets: [
      {
        name: 'b',
        path_prefix: which === 0 ? '/even' : '/odd',
        s3: { bucket: 'bucket', ...keys },
        jwt: { algorithm: 'HS256', secret: secrets[which] },
      },
    ],
  }
}

function tokenOf(secret: string): Promise<string> {
  const key = new TextEncoder().encode(secret)
  return new SignJWT({ role: 'admin' }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h').sign(key)
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return '' // closed meanwhile
  }
}

function footprint(pid: number) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const open = readdirSync(`/proc/${pid}/fd`).map((fd) => targetOf(`/proc/${pid}/fd/${fd}`))
  const listening = readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .filter((line) => / 0A /.test(line))
    .map((line) => `socket:[${line.trim().split(/\s+/)[9]}]`)
  return {
    rssMb: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024),
    descriptors: open.length,
    listeners: open.filter((target) => listening.includes(target)).length,
  }
}
