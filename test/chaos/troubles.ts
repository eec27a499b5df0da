/** Everything that is made to go wrong, by name. */
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Fault, seededFaults, seededRandom } from '../support/faults.ts'
import type { ChaosStage } from './stage.ts'

export interface Trouble {
  readonly name: string
  /** What it befalls: two troubles of one victim do not come together. */
  readonly victim: 's3' | 'redis' | 'disk'
  strike(stage: ChaosStage, seed: number): Promise<void>
  lift(stage: ChaosStage): Promise<void>
}

const ballast = 'ballast'

function s3Answer(status: string, code: string): string {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`
  return `HTTP/1.1 ${status}\r\nContent-Type: application/xml\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

/** Answers a share of the requests by itself. To a HEAD without the body, or the next answer would begin with it. */
function answering(share: number, answers: readonly string[], seed: number): Fault {
  const random = seededRandom(seed)
  return {
    reply(chunk) {
      if (random() >= share) return undefined
      const answer = answers[Math.floor(random() * answers.length)] ?? ''
      return chunk.toString('latin1', 0, 5) === 'HEAD ' ? answer.slice(0, answer.indexOf('\r\n\r\n') + 4) : answer
    },
  }
}

const slowDown = s3Answer('503 Slow Down', 'SlowDown')
const internalError = s3Answer('500 Internal Server Error', 'InternalError')

/** Troubles of a way: `victim` names the proxy on it, which heals when they are over. */
function onTheWay(
  victim: 's3' | 'redis',
  name: string,
  strike: (proxy: ChaosStage['s3'], seed: number) => Promise<void> | void,
): Trouble {
  return {
    name: `${victim} ${name}`,
    victim,
    strike: async (stage, seed) => strike(stage[victim], seed),
    lift: (stage) => stage[victim].heal(),
  }
}

export const troubles: readonly Trouble[] = [
  onTheWay('s3', 'is down', (proxy) => proxy.refuse()),
  onTheWay('s3', 'is frozen', (proxy) => proxy.pause()),
  onTheWay('s3', 'takes 100 ms a chunk', (proxy) => proxy.strike({ toClient: { delayMs: 100 } })),
  onTheWay('s3', 'answers SlowDown to half', (proxy, seed) => proxy.strike(answering(0.5, [slowDown], seed))),
  onTheWay('s3', 'answers 500 and 503 to all', (proxy, seed) => {
    proxy.strike(answering(1, [slowDown, internalError], seed))
  }),
  onTheWay('s3', 'resets each connection after 100 kB', (proxy) => {
    proxy.strike({ toClient: { cutAfter: 100_000, cut: 'reset' } })
  }),
  onTheWay('s3', 'ends each connection after 30 kB', (proxy) => proxy.strike({ toClient: { cutAfter: 30_000 } })),
  onTheWay('s3', 'stalls each connection after 50 kB', (proxy) => {
    proxy.strike({ toClient: { cutAfter: 50_000, cut: 'stall' } })
  }),
  onTheWay('s3', 'is behind a bad line', (proxy, seed) => {
    proxy.use(seededFaults(seed))
    proxy.reset()
  }),
  onTheWay('redis', 'is down', (proxy) => proxy.refuse()),
  onTheWay('redis', 'is frozen', (proxy) => proxy.pause()),
  onTheWay('redis', 'takes 300 ms a chunk', (proxy) => proxy.strike({ toClient: { delayMs: 300 } })),
  onTheWay('redis', 'is behind a line that turns bytes over', (proxy) => {
    proxy.strike({ toClient: { flipAt: 5000, flipEvery: 20_000 } })
  }),
  onTheWay('redis', 'is behind a bad line', (proxy, seed) => {
    proxy.use(seededFaults(seed, { flips: true }))
    proxy.reset()
  }),
  {
    name: 'disk is full',
    victim: 'disk',
    async strike({ cacheFolder }) {
      // Until nothing is left; the failed write leaves what did fit.
      const piece = Buffer.alloc(2 ** 20)
      for (;;) {
        const isFull = await writeFile(join(cacheFolder, ballast), piece, { flag: 'a' }).then(
          () => false,
          () => true,
        )
        if (isFull) return
      }
    },
    lift: ({ cacheFolder }) => rm(join(cacheFolder, ballast), { force: true }),
  },
  {
    name: 'disk folder is emptied',
    victim: 'disk',
    async strike({ cacheFolder }) {
      const names = await readdir(cacheFolder)
      // The proxy may write while its folders go.
      await Promise.all(
        names.map((name) =>
          rm(join(cacheFolder, name), { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined),
        ),
      )
    },
    lift: async () => undefined,
  },
]
