/**
 * What does a flood of addresses cost the local rate limiter? `node bench/limiter-flood.ts [--addresses N]`: memory, time for
 * each request, and whether one who asks all through it gets more than the limit. Exits 1 when it takes 100 MB or gives more.
 */
import { parseArgs } from 'node:util'
import { systemClock } from '../src/base/clock.ts'
import { systemRandom } from '../src/base/random.ts'
import { createLocalLimiter } from '../src/limits/local-limiter.ts'
import type { LimitAlgorithm } from '../src/limits/quota.ts'
import type { Limit } from '../src/limits/rate-limiter.ts'

const { values } = parseArgs({ options: { addresses: { type: 'string', default: '1000000' } } })
const addresses = Number(values.addresses)
const mostBytes = 100e6
/** The heavy hitter asks once in so many requests. */
const heavyEvery = 100

const everybody: Limit = { scope: 'global', bucket: '', rate: { requestsPerSecond: 1e7, burst: 1e7 } }
/** Slow, so that every address of the flood is still counted when the last one comes. */
const slow: Limit = { scope: 'per_ip', bucket: '', rate: { requestsPerSecond: 0.1, burst: 50 } }
const quick: Limit = { scope: 'bucket_per_ip', bucket: 'images', rate: { requestsPerSecond: 10, burst: 20 } }

function flood(algorithm: LimitAlgorithm, own: Limit): boolean {
  const limiter = createLocalLimiter({ algorithm, windowMs: 1000 }, { clock: systemClock, random: systemRandom })
  const chargesOf = (who: string) => [
    { limit: everybody, who: '' },
    { limit: own, who },
  ]
  const before = usedBytes()
  const startMs = performance.now()
  let passed = 0
  let heavy = 0
  for (let index = 0; index < addresses; index++) {
    const who = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`
    if (limiter.charge(chargesOf(who)).kind === 'allowed') passed++
    if (index % heavyEvery === 0 && limiter.charge(chargesOf('192.0.2.1')).kind === 'allowed') heavy++
  }
  const tookMs = performance.now() - startMs
  const bytes = usedBytes() - before
  const { requestsPerSecond, burst } = own.rate
  const most = Math.ceil(burst + (requestsPerSecond * tookMs) / 1000) + 1
  const isGood = bytes < mostBytes && heavy <= most
  const figures = [
    `${algorithm}, ${requestsPerSecond} a second: ${(bytes / 1e6).toFixed(1)} MB for ${addresses} addresses`,
    `${((tookMs / addresses) * 1e6).toFixed(0)} ns a request`,
    `${((passed / addresses) * 100).toFixed(2)} % passed`,
    `the heavy hitter ${heavy} times of ${Math.ceil(addresses / heavyEvery)}, ${most} at most`,
  ]
  process.stdout.write(`${figures.join(', ')}: ${isGood ? 'good' : 'FAILED'}\n`)
  return isGood
}

/** With what waits to be collected: more than is needed, never less. */
function usedBytes(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const results = (['token_bucket', 'sliding_window'] as const).flatMap((algorithm) =>
  [quick, slow].map((own) => flood(algorithm, own)),
)
process.exitCode = results.every(Boolean) ? 0 : 1
