/** The quick start: an embedded origin with a few objects, and a proxy in front of it. Loopback only. */

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { type Addresses, type App, createApp } from '../app.ts'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import type { Config } from '../config/config.ts'
import { parseConfig } from '../config/load.ts'
import { createLogger, type LogOutput } from '../observe/logger.ts'
import { demoObjects } from '../origin/demo-objects.ts'
import { startDemoOrigin } from '../origin/demo-origin.ts'
import { announce, stopSignal } from './serve.ts'

/** Tried first, so that the lines in the README work as they are. */
const usualPort = 8080

export async function demo({ version }: { readonly version: string }): Promise<number> {
  const origin = await startDemoOrigin(demoObjects())
  const output = createLogger({ level: 'info', format: process.stdout.isTTY ? 'pretty' : 'json' }, systemClock)
  const stopped = stopSignal(output)
  const cacheDir = mkdtempSync(join(tmpdir(), 'yatagarasu-demo-'))
  process.once('exit', () => rmSync(cacheDir, { recursive: true, force: true })) // however it ends
  const secret = randomBytes(32).toString('hex')
  const { app, addresses } = await listenSomewhere({ endpoint: origin.endpoint, cacheDir, secret }, version, output)
  announce(addresses)
  process.stdout.write(firstSteps(addresses.main, await readyToken(secret)))
  await stopped
  await app.close()
  await origin.close()
  output.flush()
  return 0
}

interface Places {
  readonly endpoint: string
  readonly cacheDir: string
  /** What tokens of the protected bucket are signed with. */
  readonly secret: string
}

async function listenSomewhere(
  places: Places,
  version: string,
  log: LogOutput,
): Promise<{ app: App; addresses: Addresses }> {
  for (const port of [usualPort, 0]) {
    const app = await createApp(demoConfig(places, port), { clock: systemClock, random: systemRandom, log, version })
    try {
      return { app, addresses: await app.listen() }
    } catch (error) {
      await app.close() // and try any free port, when the usual one is taken
      if (port === 0) throw error
    }
  }
  throw new Error('no port to listen on')
}

function demoConfig({ endpoint, cacheDir, secret }: Places, port: number): Config {
  const loaded = parseConfig(
    `server: { address: "127.0.0.1:${port}" }
metrics: { address: "127.0.0.1:0" }
cache:
  enabled: true
  cache_layers: [memory, disk]
  memory: { max_cache_size_mb: 64 }
  disk: { enabled: true, cache_dir: ${JSON.stringify(cacheDir)}, max_disk_cache_size_mb: 256 }
buckets:
  - name: demo
    path_prefix: /demo
    s3: &s3 { bucket: demo, region: us-east-1, endpoint: "${endpoint}", access_key: demo, secret_key: demo-secret }
  - name: secret
    path_prefix: /secret
    s3: { <<: *s3, bucket: secret }
    jwt: { algorithm: HS256, secret: "${secret}" }
`,
    {},
    'demo',
  )
  if (loaded.kind === 'problems') throw new Error(`demo config: ${loaded.problems[0]?.message}`)
  return loaded.config
}

/** Good for a day: for as long as anybody tries things out. */
function readyToken(secret: string): Promise<string> {
  const key = new TextEncoder().encode(secret)
  return new SignJWT({ sub: 'demo' }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1 day').sign(key)
}

function firstSteps(main: string, token: string): string {
  return `
Yatagarasu is serving sample objects. Try:

  curl -i ${main}/demo/hello.txt                  # X-Cache: MISS, and HIT the second time
  curl -i -r 0-99 ${main}/demo/video.bin          # a range: only its slice is fetched
  curl -i ${main}/secret/letter.txt -H 'Authorization: Bearer ${token}'   # 401 without it

Ctrl-C ends it.
`
}
