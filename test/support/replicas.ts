/** The product in front of several scripted origins that are replicas of one bucket, called `r1`, `r2` and so on. */
import type { TestContext } from 'node:test'
import { FakeClock } from './fake-clock.ts'
import { type FakeOrigin, startFakeOrigin } from './fake-origin.ts'
import { type ProxySettings, type ProxyUnderTest, startProxyBefore } from './start-proxy.ts'

export interface ReplicatedStage {
  readonly proxy: ProxyUnderTest
  /** Best first. */
  readonly origins: readonly FakeOrigin[]
  readonly clock: FakeClock
  /** Who was asked for a key since the last time: `1` for `r1`. */
  asked(key: string): string
}

/** `settings.s3` is for what stands beside the replicas. */
export async function startReplicated(
  t: TestContext,
  count: number,
  { s3 = {}, bucket = {}, ...settings }: ProxySettings = {},
): Promise<ReplicatedStage> {
  const clock = new FakeClock()
  const origins = await Promise.all(Array.from({ length: count }, () => startFakeOrigin(t, { clock })))
  const replicas = origins.map(({ endpoint }, index) => ({
    ...{ name: `r${index + 1}`, priority: index + 1, bucket: 'bucket', region: 'us-east-1', endpoint },
    ...{ access_key: 'test', secret_key: 'test-secret' },
  }))
  const all = { clock, ...settings, bucket: { ...bucket, s3: { replicas, ...s3 } } }
  const proxy = await startProxyBefore(t, '', all)
  const seen = new Map<string, number[]>()
  const asked = (key: string) => {
    const before = seen.get(key) ?? []
    const now = origins.map((origin) => origin.requests(key).length)
    seen.set(key, now)
    return now.map((total, index) => String(index + 1).repeat(total - (before[index] ?? 0))).join('')
  }
  return { proxy, origins, clock, asked }
}

/** Second by second, with turns between: what repeats rings once in each. */
export async function passSeconds(clock: FakeClock, seconds: number, between: () => Promise<unknown>): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await clock.advance(1000)
    await between()
  }
}
