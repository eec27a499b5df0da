/** Clients that check every byte and put a name to every other outcome. */
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { seededRandom } from '../support/faults.ts'
import { type ChaosObject, contentOf, objects } from './objects.ts'
import type { ChaosStage } from './stage.ts'

/**
 * right: every byte of it, and no other. refused: 502, 503 or 504, told as an error. cut: it broke off, visibly.
 * broken: anything that must not happen at any time.
 */
export type Outcome = 'right' | 'refused' | 'cut' | 'broken'

export interface Tally {
  readonly warm: Record<Outcome, number>
  readonly cold: Record<Outcome, number>
  /** What was not right, in words; broken ones first of all. */
  readonly complaints: string[]
}

/** Objects that were read before may be stale, but have to be there; cold ones need S3. */
export type Warmth = 'warm' | 'cold'

interface Wanted {
  readonly object: ChaosObject
  readonly path: string
  /** Half-open; the whole object without. */
  readonly range?: readonly [start: number, end: number]
}

/** Longer than any answer may take; a reader that waits so long was forgotten. */
const patienceMs = 20_000
const readers = 8
/** Between two requests of a reader: the machine has other things to do. */
const pauseMs = 20
let coldRequests = 0

export function newTally(): Tally {
  const none = () => ({ right: 0, refused: 0, cut: 0, broken: 0 })
  return { warm: none(), cold: none(), complaints: [] }
}

/** Reads for so long, warm and cold, whole and in part. */
export async function readFor(stage: ChaosStage, ms: number, seed: number): Promise<Tally> {
  const tally = newTally()
  const untilMs = performance.now() + ms
  const read = async (_: unknown, index: number) => {
    const random = seededRandom(seed * 1000 + index)
    while (performance.now() < untilMs && stage.isRunning()) {
      const warmth = random() < 0.8 ? 'warm' : 'cold'
      await readOne(stage, warmth, chooseOne(warmth, random), tally)
      await sleep(pauseMs)
    }
  }
  await Promise.all(Array.from({ length: readers }, read))
  return tally
}

/** Every object once, whole. */
export async function readAll(stage: ChaosStage, warmth: Warmth): Promise<Tally> {
  const tally = newTally()
  await Promise.all(objects.map((object) => readOne(stage, warmth, { object, path: pathOf(object, warmth) }, tally)))
  return tally
}

function chooseOne(warmth: Warmth, random: () => number): Wanted {
  const object = objects[Math.floor(random() * objects.length)] as ChaosObject
  const path = pathOf(object, warmth)
  if (object.size === 0 || random() < 0.6) return { object, path }
  const start = Math.floor(random() * object.size)
  return { object, path, range: [start, start + 1 + Math.floor(random() * (object.size - start))] }
}

/** A new query is a new cache key; S3 does not know the word and ignores it. */
function pathOf(object: ChaosObject, warmth: Warmth): string {
  if (warmth === 'warm') return `/b/${object.key}`
  coldRequests += 1
  return `/b/${object.key}?cold=${coldRequests}`
}

async function readOne(stage: ChaosStage, warmth: Warmth, wanted: Wanted, tally: Tally): Promise<void> {
  const { outcome, words } = await outcomeOf(stage, wanted)
  tally[warmth][outcome] += 1
  if (outcome === 'right') return
  const line = `${new Date().toISOString()} ${warmth} ${outcome} ${wanted.path}${wanted.range ? ` ${wanted.range}` : ''}: ${words}`
  if (outcome === 'broken') tally.complaints.unshift(line)
  else tally.complaints.push(line)
}

async function outcomeOf(stage: ChaosStage, wanted: Wanted): Promise<{ outcome: Outcome; words: string }> {
  const [start, end] = wanted.range ?? [0, wanted.object.size]
  const headers = wanted.range === undefined ? {} : { range: `bytes=${start}-${end - 1}` }
  const signal = AbortSignal.timeout(patienceMs)
  let status = 0
  try {
    const answer = await request(`${stage.main}${wanted.path}`, { dispatcher: stage.agent, headers, signal })
    status = answer.statusCode
    const bytes = Buffer.from(await answer.body.arrayBuffer())
    if ([502, 503, 504].includes(status))
      return { outcome: isError(bytes) ? 'refused' : 'broken', words: `${status} ${bytes}` }
    if (status !== (wanted.range === undefined ? 200 : 206))
      return { outcome: 'broken', words: `${status} ${bytes.subarray(0, 200)}` }
    const isRight = bytes.equals(contentOf(wanted.object).subarray(start, end))
    return { outcome: isRight ? 'right' : 'broken', words: `${bytes.length} bytes that are not those of S3` }
  } catch (error) {
    const words = `after status ${status}: ${error}`
    // Only an answer that has begun may break off.
    return { outcome: status === 0 || signal.aborted ? 'broken' : 'cut', words }
  }
}

function isError(body: Buffer): boolean {
  try {
    return typeof JSON.parse(body.toString()).error.code === 'string'
  } catch {
    return false
  }
}
