/** Starts the servers under test, each on the same core with the same cache size in front of the same origin. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { makeCertificateFor } from '../../test/support/certificates.ts'
import { publicKeyPem } from './bench-token.ts'
import { type Session, type Started, waitFor } from './session.ts'

export interface CacheSize {
  readonly cacheMb: number
  /** Where Yatagarasu keeps records; memory, unless said. nginx's are files and Varnish's memory, always. */
  readonly tier?: 'disk'
  /** The largest object Yatagarasu's memory tier keeps; the others know no such bound. */
  readonly maxItemMb: number
}

/** How a server is run where it is not as usual. */
export interface Setup {
  /** Yatagarasu's `yatagarasu-full.yaml`; the others know nothing of what it adds. */
  readonly features?: 'all'
  readonly isTls?: boolean
  /** How many clients may be connected: 4,000, unless said. */
  readonly connections?: number
  /** Each on a core of its own, the second one on the origin's; 1, unless said. */
  readonly workers?: 1 | 2
}

export interface ServerOptions extends CacheSize, Setup {
  readonly session: Session
  readonly originPort: number
}

export interface RunningServer {
  readonly name: string
  readonly port: number
  readonly isTls: boolean
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

/** With its cache, or as a proxy and nothing more. */
function nginx(name = 'nginx', zone = 'bench'): ServerKind {
  return {
    name,
    async start(options) {
      const { session, workers = 1, connections = 4_000, isTls = false } = options
      const folder = makeFolder(session, name)
      const port = await findFreePort()
      const tls = isTls ? await makeTlsFiles(folder) : undefined
      const config = fillTemplate('nginx.conf', folder, {
        ...words(options),
        ...{ FOLDER: folder, PORT: String(port), ZONE: zone, WORKERS: String(workers), TLS: tls ? ' ssl' : '' },
        // It closes idle connections once fewer than a sixteenth of its places are free.
        CONNECTIONS: String(connections * 1.25),
        CERTIFICATE: tls ? `ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key};` : '',
      })
      const command = ['-e', 'stderr', '-p', folder, '-c', config] as const
      const started = session.start(name, coresOf(options), 'nginx', command)
      await waitFor(started, () => probePort(port))
      return running(name, options, started, port, [join(folder, 'nginx-access.log')])
    },
  }
}

const varnish: ServerKind = {
  name: 'varnish',
  async start(options) {
    if (options.isTls) throw new Error('Varnish has no TLS of its own')
    const folder = makeFolder(options.session, 'varnish')
    const port = await findFreePort()
    const vcl = fillTemplate('varnish.vcl', folder, words(options))
    const store = ['-s', `malloc,${options.cacheMb}m`]
    const place = ['-n', join(folder, 'work'), '-a', `127.0.0.1:${port}`, '-T', 'none', '-j', 'none']
    // 5 s by default; the others keep idle connections for 75.
    const command = ['-F', ...place, '-f', vcl, ...store, '-p', 'timeout_idle=75']
    const started = options.session.start('varnish', coresOf(options), 'varnishd', command)
    await waitFor(started, () => probePort(port))
    return running('varnish', options, started, port, [])
  },
}

/** Yatagarasu from a source tree, so that two revisions can run side by side. */
export function yatagarasu(name = 'yatagarasu', tree = repository, template?: string): ServerKind {
  return {
    name,
    async start(options) {
      const { session, isTls = false, workers = 1 } = options
      const folder = makeFolder(session, name)
      const [keyFile, config] = [join(folder, 'public.pem'), join(folder, 'yatagarasu.yaml')]
      writeFileSync(keyFile, publicKeyPem)
      const text = readFileSync(resolve(import.meta.dirname, template ?? templateOf(options)), 'utf8')
      // Said only where it is asked for, so that revisions that know no workers can be compared.
      writeFileSync(config, workers === 1 ? text : text.replace(/^server:$/m, `$&\n  workers: ${workers}`))
      const tls = isTls ? await makeTlsFiles(folder) : undefined
      const env = {
        ...words(options),
        ...{ CACHE_DIR: join(folder, 'cache'), KEY_FILE: keyFile, AUDIT_FILE: join(folder, 'audit.log') },
        ...(tls && { TLS_CERTIFICATE: tls.certificate, TLS_KEY: tls.key }),
      }
      const command = [join(tree, 'src', 'main.ts'), 'serve', '--config', config]
      const started = session.start(name, coresOf(options), process.execPath, command, env)
      const port = await waitFor(started, () => readListeningPort(started))
      return running(name, options, started, port, [started.logFile])
    },
  }
}

function templateOf({ tier, features, isTls }: ServerOptions): string {
  if (features === 'all') return 'yatagarasu-full.yaml'
  if (isTls) return 'yatagarasu-tls.yaml'
  return tier === 'disk' ? 'yatagarasu-disk.yaml' : 'yatagarasu.yaml'
}

function coresOf({ session, workers = 1 }: ServerOptions): readonly number[] {
  const { server, origin } = session.cores
  return workers === 1 ? [server] : [server, origin]
}

async function makeTlsFiles(folder: string): Promise<{ readonly certificate: string; readonly key: string }> {
  const cleanups: (() => void)[] = []
  const made = await makeCertificateFor({ after: (clean) => cleanups.push(clean) }, ['localhost'])
  for (const clean of cleanups) clean()
  const files = { certificate: join(folder, 'server.crt'), key: join(folder, 'server.key') }
  writeFileSync(files.certificate, made.cert)
  writeFileSync(files.key, made.key)
  return files
}

/** The origin itself as the server under test: what `node:http` alone costs, the floor under anything built on it. */
const bare: ServerKind = {
  name: 'bare',
  async start(options) {
    const { session } = options
    const { started, port } = await startOriginProcess(session, 'bare', session.cores.server)
    return running('bare', options, started, port, [])
  },
}

/** What a few lines around `createReadStream` cost, for the same objects as files. */
const readStream: ServerKind = {
  name: 'read-stream',
  async start(options) {
    const { session } = options
    const command = [join(import.meta.dirname, 'read-stream-server.ts'), makeFolder(session, 'read-stream')]
    const started = session.start('read-stream', session.cores.server, process.execPath, command)
    const port = await waitFor(started, () => readListeningPort(started))
    return running('read-stream', options, started, port, [])
  },
}

export const serverKinds: readonly ServerKind[] = [
  yatagarasu(),
  nginx(),
  nginx('nginx-proxy', 'off'),
  varnish,
  // Yatagarasu once more, with a bucket that asks for a token.
  yatagarasu('protected', repository, 'yatagarasu-protected.yaml'),
  bare,
  readStream,
]

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

/** `latencyMs`: what it takes before each head. */
export async function startOrigin(session: Session, latencyMs = 0): Promise<RunningOrigin> {
  const { started, port } = await startOriginProcess(session, 'origin', session.cores.origin, latencyMs)
  return {
    port,
    traffic: async () => (await (await fetch(`http://127.0.0.1:${port}/stats`)).json()) as Traffic,
    stop: () => session.stop(started),
  }
}

async function startOriginProcess(session: Session, label: string, core: number, latencyMs = 0) {
  const command = [join(import.meta.dirname, 'origin.ts'), '0', String(latencyMs)]
  const started = session.start(label, core, process.execPath, command)
  return { started, port: await waitFor(started, () => readListeningPort(started)) }
}

function running(
  name: string,
  { session, isTls = false }: ServerOptions,
  started: Started,
  port: number,
  logs: readonly string[],
): RunningServer {
  return {
    name,
    port,
    isTls,
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
