/** Starts the servers under test, each on the same core with the same cache size in front of the same origin. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { publicKeyPem } from './bench-token.ts'
import { type Session, type Started, waitFor } from './session.ts'

export interface CacheSize {
  readonly cacheMb: number
  /** Where Yatagarasu keeps records; memory, unless said. nginx's are files and Varnish's memory, always. */
  readonly tier?: 'disk'
  /** The largest object Yatagarasu's memory tier keeps; the others know no such bound. */
  readonly maxItemMb: number
}

export interface ServerOptions extends CacheSize {
  readonly session: Session
  readonly originPort: number
}

export interface RunningServer {
  readonly name: string
  readonly port: number
  /** The root of the server's process tree. */
  readonly pid: number
  /** Logs are written, as in production, but need not be kept: emptied between runs so that they cannot fill the memory. */
  trimLogs(): void
  stop(): Promise<void>
}

export interface ServerKind {
  readonly name: string
  start(options: ServerOptions): Promise<RunningServer>
}

const repository = join(import.meta.dirname, '..', '..')

const nginx: ServerKind = {
  name: 'nginx',
  async start(options) {
    const folder = makeFolder(options.session, 'nginx')
    const port = await findFreePort()
    const config = fillTemplate('nginx.conf', folder, { ...words(options), FOLDER: folder, PORT: String(port) })
    const command = ['-e', 'stderr', '-p', folder, '-c', config] as const
    const started = options.session.start('nginx', options.session.cores.server, 'nginx', command)
    await waitFor(started, () => probePort(port))
    return running('nginx', options.session, started, port, [join(folder, 'nginx-access.log')])
  },
}

const varnish: ServerKind = {
  name: 'varnish',
  async start(options) {
    const folder = makeFolder(options.session, 'varnish')
    const port = await findFreePort()
    const vcl = fillTemplate('varnish.vcl', folder, words(options))
    const store = ['-s', `malloc,${options.cacheMb}m`]
    const place = ['-n', join(folder, 'work'), '-a', `127.0.0.1:${port}`, '-T', 'none', '-j', 'none']
    const command = ['-F', ...place, '-f', vcl, ...store]
    const started = options.session.start('varnish', options.session.cores.server, 'varnishd', command)
    await waitFor(started, () => probePort(port))
    return running('varnish', options.session, started, port, [])
  },
}

/** Yatagarasu from a source tree, so that two revisions can run side by side. */
export function yatagarasu(name = 'yatagarasu', tree = repository): ServerKind {
  return {
    name,
    async start(options) {
      const config = join(import.meta.dirname, options.tier === 'disk' ? 'yatagarasu-disk.yaml' : 'yatagarasu.yaml')
      const command = [join(tree, 'src', 'main.ts'), 'serve', '--config', config]
      const core = options.session.cores.server
      const env = { ...words(options), ...(options.tier && { CACHE_DIR: makeFolder(options.session, name) }) }
      const started = options.session.start(name, core, process.execPath, command, env)
      const port = await waitFor(started, () => readListeningPort(started))
      return running(name, options.session, started, port, [started.logFile])
    },
  }
}

/** Yatagarasu once more, with a bucket that asks for a token. */
const protectedBucket: ServerKind = {
  name: 'protected',
  async start(options) {
    const { session } = options
    const keyFile = join(makeFolder(session, 'protected'), 'public.pem')
    writeFileSync(keyFile, publicKeyPem)
    const config = join(import.meta.dirname, 'yatagarasu-protected.yaml')
    const command = [join(repository, 'src', 'main.ts'), 'serve', '--config', config]
    const env = { ...words(options), KEY_FILE: keyFile }
    const started = session.start('protected', session.cores.server, process.execPath, command, env)
    const port = await waitFor(started, () => readListeningPort(started))
    return running('protected', session, started, port, [started.logFile])
  },
}

/** The origin itself as the server under test: what `node:http` alone costs, the floor under anything built on it. */
const bare: ServerKind = {
  name: 'bare',
  async start({ session }) {
    const { started, port } = await startOriginProcess(session, 'bare', session.cores.server)
    return running('bare', session, started, port, [])
  },
}

/** What a few lines around `createReadStream` cost, for the same objects as files. */
const readStream: ServerKind = {
  name: 'read-stream',
  async start({ session }) {
    const command = [join(import.meta.dirname, 'read-stream-server.ts'), makeFolder(session, 'read-stream')]
    const started = session.start('read-stream', session.cores.server, process.execPath, command)
    const port = await waitFor(started, () => readListeningPort(started))
    return running('read-stream', session, started, port, [])
  },
}

export const serverKinds: readonly ServerKind[] = [yatagarasu(), nginx, varnish, protectedBucket, bare, readStream]

export interface Traffic {
  readonly requests: number
  readonly bytes: number
}

export interface RunningOrigin {
  readonly port: number
  /** Object requests and body bytes since the origin started. */
  traffic(): Promise<Traffic>
  stop(): Promise<void>
}

export async function startOrigin(session: Session): Promise<RunningOrigin> {
  const { started, port } = await startOriginProcess(session, 'origin', session.cores.origin)
  return {
    port,
    traffic: async () => (await (await fetch(`http://127.0.0.1:${port}/stats`)).json()) as Traffic,
    stop: () => session.stop(started),
  }
}

async function startOriginProcess(session: Session, label: string, core: number) {
  const started = session.start(label, core, process.execPath, [join(import.meta.dirname, 'origin.ts')])
  return { started, port: await waitFor(started, () => readListeningPort(started)) }
}

function running(
  name: string,
  session: Session,
  started: Started,
  port: number,
  logs: readonly string[],
): RunningServer {
  return {
    name,
    port,
    pid: started.pid,
    trimLogs() {
      for (const log of logs) if (existsSync(log)) truncateSync(log, 0)
    },
    stop: () => session.stop(started),
  }
}

function words({ originPort, cacheMb, maxItemMb }: ServerOptions): Record<string, string> {
  return { ORIGIN_PORT: String(originPort), CACHE_MB: String(cacheMb), MAX_ITEM_MB: String(maxItemMb) }
}

function fillTemplate(name: string, folder: string, values: Readonly<Record<string, string>>): string {
  const template = readFileSync(join(import.meta.dirname, name), 'utf8')
  const filled = template.replace(/^(?!\s*#).*$/gm, (line) =>
    line.replace(/@([A-Z_]+)@/g, (_, word: string) => {
      const value = values[word]
      if (value === undefined) throw new Error(`${name}: nothing to fill in for @${word}@`)
      return value
    }),
  )
  const path = join(folder, name)
  writeFileSync(path, filled)
  return path
}

/** A new one for each start: a cache on disk must not come back warm. */
function makeFolder(session: Session, name: string): string {
  const folder = mkdtempSync(join(session.folder, `${name}-`))
  chmodSync(folder, 0o755)
  return folder
}

interface Addresses {
  readonly main: string
  readonly metrics: string
}

/** From the ready line of the product's contract, which the origin writes too. */
export async function readAddresses(started: Started): Promise<Addresses | undefined> {
  const line = /^\{.*"msg":"listening".*\}$/m.exec(readFileSync(started.logFile, 'utf8'))?.[0]
  return line === undefined ? undefined : (JSON.parse(line) as { addresses: Addresses }).addresses
}

async function readListeningPort(started: Started): Promise<number | undefined> {
  const addresses = await readAddresses(started)
  return addresses && Number(new URL(addresses.main).port)
}

/** nginx and Varnish cannot say which port they were given for port 0. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

export function probePort(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(undefined))
    socket.once('connect', () => socket.destroy())
  })
}
