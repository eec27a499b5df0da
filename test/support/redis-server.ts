/** A real redis-server for one test: on loopback, memory only, empty. */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { kill, spawnBound } from './child-process.ts'
import { freePort } from './free-port.ts'
import { ensurePrograms } from './packages.ts'

export interface RedisServer {
  /** `redis://host:port`, or whatever REDIS_TEST_URL says. */
  readonly url: string
}

export async function startRedis(t: TestContext): Promise<RedisServer> {
  const own = process.env['REDIS_TEST_URL']
  if (own) return { url: own }
  await ensurePrograms('redis')
  const port = await freePort()
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp']
  const child = spawnBound('redis-server', settings, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => kill(child))
  const [stdout, exited] = [child.stdout, once(child, 'exit')]
  if (stdout === null) throw new Error('redis-server has no stdout')
  const ready = untilReady(createInterface({ input: stdout }))
  await Promise.race([ready, exited.then(() => Promise.reject(new Error('redis-server ended before it was ready')))])
  return { url: `redis://127.0.0.1:${port}` }
}

/** Goes on reading afterwards, so that the pipe never fills. */
function untilReady(lines: NodeJS.EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    lines.on('line', (line: string) => {
      if (line.includes('Ready to accept connections')) resolve()
    })
  })
}
