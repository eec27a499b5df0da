/** One trouble by name, or many by a seed; and what has to hold in either case. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '../support/faults.ts'
import { readAll, readFor, type Tally, type Warmth } from './readers.ts'
import { type ChaosStage, type Disk, startStage } from './stage.ts'
import { type Trouble, troubles } from './troubles.ts'

const recoveryMs = 10_000
/** At the pace of random schedules. */
const beatMs = 1000
const mostAtOnce = 3

/** One after the other, and all well in between. */
export async function endure(t: TestContext, list: readonly Trouble[], seconds: number): Promise<void> {
  // What was read before is promised without S3 only where there was room for it.
  const stage = await warmStage(t, list.every(({ victim }) => victim === 'redis') ? 'small' : 'roomy')
  for (const trouble of list) {
    await trouble.strike(stage, 1)
    const tally = await readFor(stage, seconds * 1000, 1)
    await trouble.lift(stage)
    assertUnbroken(stage, tally)
    t.diagnostic(`${trouble.name}: ${told(tally)}; all well ${await recover(stage)} ms after it was over`)
    assert.equal(notRight(tally, 'warm'), 0, `what was read before has to be there:\n${firstOf(tally)}`)
    if (trouble.victim !== 's3') assert.equal(notRight(tally, 'cold'), 0, `S3 was well:\n${firstOf(tally)}`)
  }
  await assertCleanEnd(stage)
}

/** Every beat something breaks or is mended. The steps hang on the seed alone. */
export async function endureRandom(t: TestContext, seed: number, seconds: number): Promise<void> {
  const random = seededRandom(seed)
  const stage = await warmStage(t, random() < 0.5 ? 'small' : 'roomy')
  const steps: string[] = []
  const struck: Trouble[] = []
  const reading = readFor(stage, seconds * 1000, seed)
  for (let beat = 0; beat < seconds; beat += 1) {
    await step(stage, random, struck, (words) => steps.push(`${beat} s: ${words}`))
    await sleep(beatMs)
  }
  const tally = await reading
  for (const trouble of struck) await trouble.lift(stage)
  const schedule = `seed ${seed}\n${steps.join('\n')}`
  t.diagnostic(`seed ${seed}: ${told(tally)}; ${steps.length} steps`)
  assertUnbroken(stage, tally, schedule)
  t.diagnostic(`all well ${await recover(stage, schedule)} ms after the last of it`)
  await assertCleanEnd(stage)
}

async function step(
  stage: ChaosStage,
  random: () => number,
  struck: Trouble[],
  say: (words: string) => void,
): Promise<void> {
  const free = troubles.filter(({ victim }) => struck.every((other) => other.victim !== victim))
  const mayStrike = struck.length < mostAtOnce && free.length > 0
  // Drawn whatever is decided, so that a step more or less does not change all that follow.
  const [strikes, which, seed] = [random() < 0.6, random(), Math.floor(random() * 2 ** 31)]
  if (mayStrike && (strikes || struck.length === 0)) {
    const trouble = free[Math.floor(which * free.length)] as Trouble
    say(`${trouble.name} (${seed})`)
    struck.push(trouble)
    await trouble.strike(stage, seed)
  } else {
    const [trouble] = struck.splice(Math.floor(which * struck.length), 1) as [Trouble]
    say(`no more: ${trouble.name}`)
    await trouble.lift(stage)
  }
}

/** Everything was read and written down, and has become stale. */
async function warmStage(t: TestContext, disk: Disk): Promise<ChaosStage> {
  const stage = await startStage(t, disk)
  const known = await recover(stage)
  assert.ok(known >= 0)
  return stage
}

/** Milliseconds until all objects are right, from the cache and from S3, and both slow tiers take what is new. */
async function recover(stage: ChaosStage, schedule = ''): Promise<number> {
  const startMs = performance.now()
  const wroteAt = async () => ({ disk: await writes(stage, 'disk'), redis: await writes(stage, 'redis') })
  const before = await wroteAt()
  for (;;) {
    const [warm, cold, after] = [await readAll(stage, 'warm'), await readAll(stage, 'cold'), await wroteAt()]
    const tookMs = Math.round(performance.now() - startMs)
    const isWell = warm.complaints.length + cold.complaints.length === 0 && (await stage.isReady())
    if (isWell && after.disk > before.disk && after.redis > before.redis) return tookMs
    const still = [...warm.complaints, ...cold.complaints].slice(0, 5).join('\n')
    const wrote = `written: disk ${before.disk}, then ${after.disk}, Redis ${before.redis}, then ${after.redis}`
    assert.ok(
      tookMs < recoveryMs,
      `not well again after ${tookMs} ms; ${wrote}\n${still}\n${schedule}\n${stage.lastWords()}`,
    )
    await sleep(100)
  }
}

const writes = (stage: ChaosStage, layer: string): Promise<number> =>
  stage.metric('yatagarasu_cache_set_duration_seconds_count', `layer="${layer}"`)

function assertUnbroken(stage: ChaosStage, tally: Tally, schedule = ''): void {
  assert.ok(stage.isRunning(), `it ended:\n${stage.lastWords()}\n${schedule}`)
  assert.equal(tally.warm.broken + tally.cold.broken, 0, `${firstOf(tally)}\n${schedule}`)
  assert.ok(tally.warm.right > 0)
}

async function assertCleanEnd(stage: ChaosStage): Promise<void> {
  assert.equal(await stage.stop(), 0, stage.lastWords())
}

function notRight(tally: Tally, warmth: Warmth): number {
  const { refused, cut, broken } = tally[warmth]
  return refused + cut + broken
}

const firstOf = ({ complaints }: Tally): string => complaints.slice(0, 10).join('\n')

function told({ warm, cold }: Tally): string {
  const words = ({ right, refused, cut, broken }: Tally['warm']) =>
    `${right} right, ${refused} refused, ${cut} cut, ${broken} broken`
  return `warm ${words(warm)}; cold ${words(cold)}`
}
