/** One of the threads of a stress: reads, puts and removes for as long as it is let, and says what it saw. */

import { parentPort, workerData } from 'node:worker_threads'
import { seededRandom } from '../../bench/rig/zipf-streams.ts'
import type { Arena } from '../../src/cache/arena/arena.ts'
import { digestOfKey, recordOfKey, versionIn } from './arena-records.ts'
import { type StressTask, stressWords } from './arena-stress.ts'

const { arenaUrl, handle, worker, seed, keys, versions, isOver, slownessPercent } = workerData as StressTask
const { Arena: Changed } = (await import(arenaUrl)) as { readonly Arena: typeof Arena }

const random = seededRandom(seed)
const naps = new Int32Array(new SharedArrayBuffer(4))
/** Some steps take long, so that others see what is between two of them. */
function linger(): void {
  if (random() * 100 >= slownessPercent) return
  if (random() < 0.02) Atomics.wait(naps, 0, 0, 0.05)
  else for (let spins = random() * 800; spins > 0; spins--) Math.sqrt(spins)
}
if (slownessPercent > 0) Object.assign(globalThis, { arenaStep: linger })

/** A count of evictions that fails, as code of others can. */
const failure = new Error('thrown on purpose')
let mayFail = false
const arena = new Changed(handle, worker, () => {
  if (mayFail && random() < 0.001) throw failure
})

const sizeOfKey = (key: number) => 16 + Math.floor(((key * 7919) % 1000) ** 2 / (key % 10 === 0 ? 8 : 60))
const count = { operations: 0, hits: 0, puts: 0, refused: 0, removals: 0, thrown: 0, stale: 0, wrong: '' }
interface Held {
  readonly key: number
  readonly address: number
  readonly version: number
  turns: number
}
const held: Held[] = []

const at = (key: number, word: number) => key * stressWords.perKey + word
/** One writes a key at a time: it knows what must not be found any more once it is done. */
const isOwn = (key: number) => Atomics.compareExchange(versions, at(key, stressWords.owner), 0, worker + 1) === 0

function change(key: number, act: (version: number) => boolean): void {
  if (!isOwn(key)) return
  const version = Atomics.add(versions, at(key, stressWords.begun), 1) + 1
  if (act(version)) Atomics.store(versions, at(key, stressWords.done), version)
  Atomics.store(versions, at(key, stressWords.owner), 0)
}

function put(key: number, version: number): boolean {
  const record = recordOfKey(key, version, sizeOfKey(key), key % 3)
  if (arena.put(record, arena.generationOf(record.digest))) count.puts += 1
  else count.refused += 1
  return true // refused: there is none of it then, nor of an older version
}

function look(key: number): boolean {
  const least = Atomics.load(versions, at(key, stressWords.done))
  const address = arena.use(digestOfKey(key))
  if (address === 0) return false
  count.hits += 1
  const version = versionIn(arena.bodyOf(address), key)
  if (version < least) count.stale += 1
  if (held.length < 12 && !arena.pins.areMany && random() < 0.05)
    held.push({ key, address, version, turns: Math.floor(random() * 30) })
  else giveBack({ key, address, version, turns: 0 })
  return true
}

function giveBack({ key, address, version }: Held): void {
  if (versionIn(arena.bodyOf(address), key) !== version) throw new Error(`key ${key} has changed while it was held`)
  arena.release(address)
}

function operate(): void {
  const key = Math.floor(random() ** 2 * keys)
  count.operations += 1
  mayFail = true
  try {
    if (random() < 0.03) {
      change(key, () => arena.remove(digestOfKey(key)) >= 0)
      count.removals += 1
    } else if (!look(key)) change(key, (version) => put(key, version))
  } catch (error) {
    if (error !== failure) throw error
    count.thrown += 1
    Atomics.compareExchange(versions, at(key, stressWords.owner), worker + 1, 0)
  } finally {
    mayFail = false
  }
}

function turn(): void {
  const isLast = Atomics.load(isOver, 0) === 1
  try {
    for (let operation = 0; operation < 100; operation++) operate()
    for (const one of held.splice(0)) {
      if (one.turns-- <= 0 || isLast) giveBack(one)
      else held.push(one)
    }
  } catch (error) {
    count.wrong = String(error)
  }
  parentPort?.postMessage(count)
  Object.assign(count, { operations: 0, hits: 0, puts: 0, refused: 0, removals: 0, thrown: 0, stale: 0 })
  if (isLast || count.wrong !== '') parentPort?.close()
  else setImmediate(turn)
}

turn()
