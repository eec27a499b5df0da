/**
 * Loaded by `--import` into every thread of a proxy: from SIGUSR2 on those that serve requests end at random, by themselves or
 * by `terminate()`, which stops a thread between any two instructions. SIGUSR1 has the proxy tell what is held in it.
 */
import { isMainThread, threadId, type Worker } from 'node:worker_threads'
import { Crew } from '../../src/assembly/crew.ts'
import { HubSlots } from '../../src/limits/hub-slots.ts'
import { PeerHub } from '../../src/workers/peer-hub.ts'
import { seededRandom } from '../support/faults.ts'

export interface Deaths {
  readonly seed: number
  readonly seconds: number
}

/** A line of the proxy's output. */
export interface Held {
  readonly msg: 'held'
  /** Slots, and those who wait for one. */
  readonly taken: number
  readonly waiting: number
  /** Claims, those who wait for what comes of them, and runs. */
  readonly claimed: number
  readonly started: number
  readonly terminated: number
}

/** Between two strikes from outside. */
const [leastMs, mostMs] = [500, 2000]
/** Nobody is struck while fewer serve: on a busy machine there would be nothing to see otherwise. */
const leastServing = 2
/** A thread that ends by itself does so within this time, or not at all. */
const longestLifeMs = 10_000

export function mortal(deaths: Deaths): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=${import.meta.filename}`, DEATHS: JSON.stringify(deaths) }
}

/** Of the threads that start while others end; the first ones are in nobody's way before there is a proxy. */
const untilName = 'DEATHS_UNTIL_MS'

const told = process.env['DEATHS']
if (told !== undefined) {
  const { seed, seconds } = JSON.parse(told) as Deaths
  const untilMs = process.env[untilName]
  if (isMainThread) endOthers(seededRandom(seed), seconds * 1000)
  else if (untilMs !== undefined) endMyself(seededRandom(seed + threadId), Number(untilMs))
}

function endOthers(random: () => number, forMs: number): void {
  const workers = new Set<Worker>()
  const seen: { slots?: HubSlots; peers?: PeerHub; crew?: Crew } = {}
  let [started, terminated] = [0, 0]
  process.on('worker', (worker) => {
    started += 1
    workers.add(worker)
    worker.once('exit', () => workers.delete(worker))
  })
  seeEach(HubSlots.prototype, 'adjust', (slots) => Object.assign(seen, { slots }))
  seeEach(PeerHub.prototype, 'join', (peers) => Object.assign(seen, { peers }))
  seeEach(Crew.prototype, 'listen', (crew) => Object.assign(seen, { crew }))
  process.on('SIGUSR1', () => {
    const { slots, peers } = seen
    if (slots === undefined || peers === undefined) throw new Error('nothing has been made to look at')
    const held = { taken: slots.taken, waiting: slots.waiting, claimed: peers.size, started, terminated }
    process.stdout.write(`${JSON.stringify({ msg: 'held', ...held } satisfies Held)}\n`)
  })
  process.on('SIGUSR2', () => {
    const untilMs = Date.now() + forMs
    process.env[untilName] = String(untilMs)
    const strike = () => {
      if (Date.now() > untilMs) return
      const victim = [...workers][Math.floor(random() * workers.size)]
      if (victim !== undefined && (seen.crew?.links.size ?? 0) >= leastServing) {
        terminated += 1
        void victim.terminate()
      }
      setTimeout(strike, leastMs + random() * (mostMs - leastMs)).unref()
    }
    strike()
  })
}

function endMyself(random: () => number, untilMs: number): void {
  const ways: readonly (() => void)[] = [
    () => {
      throw new Error('an end by chance')
    },
    () => void Promise.reject(new Error('an end by chance, of nobody to catch it')),
    () => process.exit(3),
  ]
  const lifeMs = random() * 2 * longestLifeMs
  if (lifeMs > longestLifeMs || Date.now() + lifeMs > untilMs) return
  setTimeout(() => ways[Math.floor(random() * ways.length)]?.(), lifeMs).unref()
}

/** `see` is told whose method is called, each time before it is. */
function seeEach<T extends object, Name extends keyof T>(prototype: T, name: Name, see: (whose: T) => void): void {
  const own = prototype[name] as (...args: unknown[]) => unknown
  const seen = function (this: T, ...args: unknown[]) {
    see(this)
    return own.apply(this, args)
  }
  Object.assign(prototype, { [name]: seen })
}
