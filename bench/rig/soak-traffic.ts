/** What `bench/soak.ts` does to the proxy: requests, clients that leave, and harm on the way to S3 and Redis. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultProxy } from '../../test/support/fault-proxy.ts'
import { seededFaults } from '../../test/support/faults.ts'
import { HttpConnection } from './http-connection.ts'
import { benchObject } from './object-content.ts'
import type { TimedRequest } from './timed-load.ts'

const [small, large] = [
  Array.from({ length: 2000 }, (_, index) => benchObject(8 * 1024, index + 1)),
  Array.from({ length: 40 }, (_, index) => benchObject(3_500_000, index + 1)),
]

/** Mostly small and known, a few large, by range; one in twenty was never asked for. */
export function nextRequest(random: () => number): () => TimedRequest {
  let number = 10_000
  return () => {
    number += 1
    const [kind, which] = [random(), random() ** 2]
    if (kind < 0.05) return asked(benchObject(8 * 1024, number))
    if (kind < 0.9) return asked(small[Math.floor(which * small.length)])
    const object = large[Math.floor(which * large.length)] ?? benchObject(3_500_000, 1)
    const start = Math.floor(random() * (object.size - 400_000))
    return { ...asked(object), range: [start, start + 1 + Math.floor(random() * 400_000)] }
  }
}

function asked(object = benchObject(8 * 1024, 1)): TimedRequest {
  return { object, path: `/bucket/${object.name}` }
}

/** Clients that leave in the middle of a large object, or before its first byte. */
export async function comeAndLeave(port: number, random: () => number, untilMs: number): Promise<void> {
  while (performance.now() < untilMs) {
    const connection = new HttpConnection(port)
    const { path } = asked(large[Math.floor(random() * large.length)])
    const answer = connection.request({ path, onBody: () => undefined }).catch(() => undefined)
    await sleep(random() * 100)
    connection.close()
    await answer
  }
}

/** Each second one of the two is struck anew, or mended. */
export async function harm(s3: FaultProxy, redis: FaultProxy, random: () => number, untilMs: number): Promise<void> {
  while (performance.now() < untilMs) {
    const victim = random() < 0.5 ? s3 : redis
    await victim.heal()
    const ways: readonly (() => Promise<void> | void)[] = [
      () => undefined,
      () => victim.refuse(),
      () => victim.pause(),
      () => victim.reset(),
      () => victim.strike({ toClient: { delayMs: 50 } }),
      () => victim.strike({ toClient: { cutAfter: Math.floor(random() * 100_000), cut: 'reset' } }),
      () => victim.use(seededFaults(Math.floor(random() * 2 ** 31), { flips: victim === redis })),
    ]
    await ways[Math.floor(random() * ways.length)]?.()
    await sleep(1000)
  }
}
