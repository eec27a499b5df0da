/** Clients of objects that change: what they read is whole, right, and no older than the last purge that was answered before. */
import { setTimeout as sleep } from 'node:timers/promises'
import { HttpConnection } from '../../bench/rig/http-connection.ts'
import { seededRandom } from '../support/faults.ts'
import { type ChangingObject, type ChangingOrigin, isContentOf, versionOf } from './changing-origin.ts'

/** Answers that came to their end, and what became of the others. */
export interface Reading {
  complete: number
  /** Their connection ended before the answer did: counted by the proxy, or not. */
  broken: number
  /** Complete, and the last of their connections: who answered may have died before it counted them. */
  doubtful: number
  /** Complete answers that are errors. */
  refused: number
  /** Nobody listened. */
  turnedAway: number
  purges: number
  purgesFailed: number
  slowestMs: number
  /** What must never happen. */
  readonly complaints: string[]
}

export interface Readers {
  readonly port: number
  readonly origin: ChangingOrigin
  readonly count: number
  readonly seed: number
  readonly untilMs: number
  /** What an administrator says. */
  readonly adminHeaders: Readonly<Record<string, string>>
}

/** A client that waits so long was forgotten. */
const patienceMs = 30_000
/** Connections come and go, so that a thread that is new gets some. */
const mostRequestsOfConnection = 30
const turnedAwayMs = 50
/** Within it a thread that lives has counted what it answered. */
const countedWithinMs = 50

/** Resolves when all of them have gone, `untilMs` by `performance.now()`. */
export async function readAndPurge(readers: Readers): Promise<Reading> {
  const reading: Reading = {
    ...{ complete: 0, broken: 0, doubtful: 0, refused: 0, turnedAway: 0, purges: 0, purgesFailed: 0, slowestMs: 0 },
    complaints: [],
  }
  const promised = new Map<string, number>()
  const all = Array.from({ length: readers.count }, (_, index) => new Reader(readers, reading, promised, index).run())
  await Promise.all([...all, changeAndPurge(readers, reading, promised)])
  return reading
}

class Reader {
  readonly #readers: Readers
  readonly #reading: Reading
  readonly #promised: ReadonlyMap<string, number>
  readonly #random: () => number
  #connection: HttpConnection | undefined
  #answered = 0

  constructor(readers: Readers, reading: Reading, promised: ReadonlyMap<string, number>, index: number) {
    this.#readers = readers
    this.#reading = reading
    this.#promised = promised
    this.#random = seededRandom(readers.seed * 1000 + index)
  }

  async run(): Promise<void> {
    const { origin, untilMs } = this.#readers
    while (performance.now() < untilMs) {
      const object = origin.objects[Math.floor(this.#random() ** 2 * origin.objects.length)]
      if (object !== undefined) await this.#read(object)
      if (this.#answered >= mostRequestsOfConnection) await this.#leave()
      await sleep(this.#random() * 20)
    }
    await this.#leave()
  }

  async #read(object: ChangingObject): Promise<void> {
    const [reading, range] = [this.#reading, this.#rangeOf(object)]
    const [start, end] = range ?? [0, object.size]
    const least = this.#promised.get(object.key) ?? 0
    const bytes = Buffer.allocUnsafe(end - start)
    const connection = this.#connected()
    const startedMs = performance.now()
    try {
      const {
        status,
        bytes: length,
        head,
      } = await connection.request({
        path: `/b/${object.key}`,
        ...(range && { headers: { range: `bytes=${start}-${end - 1}` } }),
        onBody: (chunk, offset) => void chunk.copy(bytes, offset),
      })
      this.#answered += 1
      reading.complete += 1
      if (status >= 500) reading.refused += 1
      else if (status !== (range === undefined ? 200 : 206)) this.#complain(object, `was answered with ${status}`)
      else this.#check(object, { least, start, bytes, length, head })
    } catch (error) {
      connection.close()
      this.#connection = undefined
      await this.#broken(object, error as Error)
    }
    const tookMs = performance.now() - startedMs
    reading.slowestMs = Math.max(reading.slowestMs, tookMs)
    if (tookMs > patienceMs) this.#complain(object, `took ${Math.round(tookMs)} ms`)
  }

  async #broken(object: ChangingObject, { message }: Error): Promise<void> {
    if (message.includes('ECONNREFUSED')) {
      this.#reading.turnedAway += 1
      await sleep(turnedAwayMs)
      return
    }
    this.#reading.broken += 1
    if (this.#answered > 0) this.#reading.doubtful += 1
    if (/no byte|bytes nobody|more bytes/.test(message)) this.#complain(object, message)
  }

  #check(
    object: ChangingObject,
    answer: {
      readonly least: number
      readonly start: number
      readonly bytes: Buffer
      readonly length: number
      readonly head: string
    },
  ): void {
    const { least, start, bytes, length, head } = answer
    const version = versionOf(object, /\r\netag: *(\S+)\r\n/i.exec(head)?.[1])
    if (version === undefined) this.#complain(object, `has the ETag of something else:\n${head}`)
    else if (version < least) this.#complain(object, `is version ${version} after ${least} was purged:\n${head}`)
    else if (length !== bytes.length) this.#complain(object, `has ${length} bytes, and not ${bytes.length}`)
    else if (!isContentOf(object, version, start, bytes)) this.#complain(object, `has wrong bytes:\n${head}`)
  }

  #connected(): HttpConnection {
    if (this.#connection?.isOpen) return this.#connection
    if (this.#connection !== undefined) this.#reading.doubtful += 1
    this.#answered = 0
    this.#connection = new HttpConnection(this.#readers.port)
    return this.#connection
  }

  async #leave(): Promise<void> {
    if (this.#connection === undefined) return
    await sleep(countedWithinMs)
    if (!this.#connection.isOpen) this.#reading.doubtful += 1
    this.#connection.close()
    this.#connection = undefined
    this.#answered = 0
  }

  #rangeOf({ size }: ChangingObject): readonly [number, number] | undefined {
    if (this.#random() < 0.7) return undefined
    const start = Math.floor(this.#random() * size)
    return [start, start + 1 + Math.floor(this.#random() * (size - start))]
  }

  #complain({ key, size }: ChangingObject, words: string): void {
    this.#reading.complaints.push(`${key} of ${size} bytes ${words}`)
  }
}

async function changeAndPurge(readers: Readers, reading: Reading, promised: Map<string, number>): Promise<void> {
  const random = seededRandom(readers.seed + 1)
  while (performance.now() < readers.untilMs) {
    const { scope, changed } = change(readers.origin, random)
    // What the origin had before the purge began.
    const versions = changed.map(({ key, version }) => [key, version] as const)
    while (performance.now() < readers.untilMs) {
      if (await isPurged(readers, scope)) {
        reading.purges += 1
        for (const [key, version] of versions) promised.set(key, version)
        break
      }
      reading.purgesFailed += 1
      await sleep(turnedAwayMs)
    }
    await sleep(random() * 60)
  }
}

/** One object, or once in a while all of them. */
function change({ objects }: ChangingOrigin, random: () => number) {
  const [isOfAll, which] = [random() < 0.05, Math.floor(random() ** 2 * objects.length)]
  const changed = isOfAll ? objects : objects.slice(which, which + 1)
  for (const object of changed) object.version += 1
  return { scope: isOfAll ? '' : `/${changed[0]?.key}`, changed }
}

/** False: nobody knows what became of it. */
async function isPurged({ port, adminHeaders }: Readers, scope: string): Promise<boolean> {
  const url = `http://127.0.0.1:${port}/admin/cache/purge/b${scope}`
  const signal = AbortSignal.timeout(patienceMs)
  try {
    const answer = await fetch(url, { method: 'POST', headers: { ...adminHeaders, connection: 'close' }, signal })
    await answer.text()
    return answer.status === 200 || answer.status === 404 // nothing of it was cached
  } catch {
    return false // its thread has ended
  }
}
