/** Real redis-servers for the tests: on loopback, memory only, empty, with ways to make them fail. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { kill, spawnBound } from './child-process.ts'
import { freePort } from './free-port.ts'
import { ensurePrograms } from './packages.ts'

/** A test, or the hooks of a file. */
export interface Cleanup {
  after(clean: () => Promise<void>): void
}

export interface RedisServer {
  /** `redis://host:port`, or whatever REDIS_TEST_URL says. */
  readonly url: string
}

/** Whatever is there: other tests may use the same one at the same time. */
export async function startRedis(t: Cleanup): Promise<RedisServer> {
  const own = process.env['REDIS_TEST_URL']
  return own ? { url: own } : await startOwnRedis(t)
}

/** One for this test alone, with settings as on redis-server's command line; the last of two settings wins. */
export async function startOwnRedis(
  t: Cleanup,
  settings: readonly string[] | ((port: number) => readonly string[]) = [],
): Promise<RedisProcess> {
  await ensurePrograms('redis')
  const port = await freePort()
  const server = new RedisProcess(port, typeof settings === 'function' ? settings(port) : settings)
  t.after(() => server.kill())
  await server.start()
  return server
}

/** How an administrator talks to a server: everything as text. */
export async function askRedis(url: string, ...[name, ...args]: readonly string[]): Promise<unknown> {
  const redis = new Redis(url, { retryStrategy: null, disableClientInfo: true, enableReadyCheck: false })
  redis.on('error', () => undefined) // the command rejects too
  try {
    return await redis.call(name ?? 'ping', ...args)
  } finally {
    redis.disconnect()
  }
}

export class RedisProcess implements RedisServer {
  readonly port: number
  readonly url: string
  readonly #settings: readonly string[]
  #child: ChildProcess | undefined

  constructor(port: number, settings: readonly string[]) {
    this.port = port
    this.url = `redis://127.0.0.1:${port}`
    this.#settings = settings
  }

  /** Resolves when it is ready. After a `kill`: again on the same port, empty. */
  async start(): Promise<void> {
    const always = [
      '--port',
      String(this.port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      '/tmp',
    ]
    const [first = ''] = this.#settings
    // A configuration file comes before everything else.
    const settings = first.startsWith('-') || first === '' ? [...always, ...this.#settings] : this.#settings
    const child = spawnBound('redis-server', settings, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    if (child.stdout === null) throw new Error('redis-server has no stdout')
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('redis-server ended before it was ready')))
    await Promise.race([untilReady(createInterface({ input: child.stdout })), ended])
  }

  async kill(): Promise<void> {
    if (this.#child !== undefined) await kill(this.#child)
  }

  /** The kernel goes on taking connections and bytes for it. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  ask(...words: readonly string[]): Promise<unknown> {
    return askRedis(this.url, ...words)
  }
}

/** Goes on reading afterwards, so that the pipe never fills. */
function untilReady(lines: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    lines.on('line', (line: string) => {
      if (/Ready to accept connections|\+monitor master/.test(line)) resolve()
    })
  })
}
