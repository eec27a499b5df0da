/** A real syslog server: Debian's rsyslog on loopback, over UDP and TCP, writing down what it makes of each message. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { kill, spawnBound } from './child-process.ts'
import { freePort } from './free-port.ts'
import { ensurePrograms } from './packages.ts'

/** A message as rsyslog understood it. */
export interface Received {
  readonly priority: string
  readonly version: string
  readonly time: string
  readonly hostname: string
  readonly app: string
  readonly process: string
  readonly id: string
  readonly structured: string
  readonly message: string
}

const startLimitMs = 20_000
const pollMs = 20

export async function startRsyslog(t: { after(clean: () => Promise<void>): void }): Promise<Rsyslog> {
  await ensurePrograms('syslog')
  const folder = await mkdtemp(join(tmpdir(), 'yatagarasu-rsyslog-'))
  const server = new Rsyslog(folder, await freePort())
  t.after(async () => {
    await server.kill()
    await rm(folder, { recursive: true, force: true })
  })
  await server.start()
  return server
}

export class Rsyslog {
  /** The same for UDP and TCP. */
  readonly port: number
  readonly #folder: string
  #child: ChildProcess | undefined

  constructor(folder: string, port: number) {
    this.#folder = folder
    this.port = port
  }

  /** After a `kill`: again on the same port, adding to what it wrote. */
  async start(): Promise<void> {
    const settings = join(this.#folder, 'rsyslog.conf')
    await writeFile(settings, rsyslogSettings(this.#folder, this.port))
    const args = ['-n', '-f', settings, '-i', join(this.#folder, 'pid')]
    this.#child = spawnBound('rsyslogd', args, { stdio: ['ignore', 'ignore', 'inherit'] })
    const signal = AbortSignal.timeout(startLimitMs)
    while (!(await answers(this.port))) await delay(pollMs, undefined, { signal })
  }

  async kill(): Promise<void> {
    if (this.#child !== undefined) await kill(this.#child)
  }

  async received(protocol: 'udp' | 'tcp'): Promise<readonly Received[]> {
    const text = await readFile(join(this.#folder, protocol), 'utf8').catch(() => '')
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const [priority, version, time, hostname, app, process, id, structured, ...words] = line.split(' ')
        return { priority, version, time, hostname, app, process, id, structured, message: words.join(' ') } as Received
      })
  }

  /** Waits until `count` messages have come. */
  async untilReceived(protocol: 'udp' | 'tcp', count: number): Promise<readonly Received[]> {
    const signal = AbortSignal.timeout(startLimitMs)
    for (;;) {
      const all = await this.received(protocol)
      if (all.length >= count) return all
      await delay(pollMs, undefined, { signal })
    }
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** imudp comes first: when the TCP port answers, both do. */
function rsyslogSettings(folder: string, port: number): string {
  const fields = 'pri protocol-version timestamp:::date-rfc3339 hostname app-name procid msgid structured-data msg'
  const template = fields.replaceAll(/\S+/g, '%$&%')
  const ruleset = (name: string) =>
    `ruleset(name="${name}") { action(type="omfile" file="${folder}/${name}" template="fields") }`
  return `global(workDirectory="${folder}" maxMessageSize="256k")
module(load="imudp")
module(load="imtcp")
template(name="fields" type="string" string="${template}\\n")
${ruleset('udp')}
${ruleset('tcp')}
input(type="imudp" address="127.0.0.1" port="${port}" ruleset="udp")
input(type="imtcp" address="127.0.0.1" port="${port}" ruleset="tcp")
`
}
