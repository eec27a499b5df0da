/** Readers of large objects, each of its own: some as slow as a film is watched, some as fast as they are given. */
import { setTimeout as sleep } from 'node:timers/promises'
import { HttpConnection } from './http-connection.ts'
import { type BenchObject, benchObject, matchesContent } from './object-content.ts'

export interface ReaderPlan {
  readonly kind: 'readers'
  readonly port: number
  readonly from: string
  readonly readers: number
  /** They come one by one, evenly within this time. */
  readonly arriveWithinMs: number
  readonly objectBytes: number
  /** Each leaves after so long, or so much. */
  readonly seconds: number
  readonly cutBytes: number
  /** Absent: as fast as it comes. */
  readonly bytesPerSecond?: number
}

export interface Reading {
  /** From the moment the reader was due; NaN when none came. */
  readonly firstByteMs: number
  readonly bytes: number
  readonly seconds: number
  /** The longest that bytes came after the moment a reader of its pace wanted them; 0 without a pace. */
  readonly latestMs: number
  readonly problem?: string
}

export interface ReaderResult {
  readonly kind: 'readers'
  readonly readings: readonly Reading[]
}

/** A reader reads on in steps of this, not at every byte it has earned. */
const stepMs = 20
const warmBytes = 100e6

/** Before anything counts: compilers and allocators have seen the way of a large object. */
export async function warmUp(plan: ReaderPlan): Promise<void> {
  const { bytesPerSecond: _, ...unpaced } = plan
  const reading = await read({ ...unpaced, cutBytes: warmBytes }, benchObject(plan.objectBytes, 0), performance.now())
  if (reading.problem !== undefined) throw new Error(`while warming up: ${reading.problem}`)
}

export async function readAll(plan: ReaderPlan): Promise<ReaderResult> {
  const startMs = performance.now()
  const readings = Array.from({ length: plan.readers }, (_, index) => {
    const dueMs = startMs + (index * plan.arriveWithinMs) / plan.readers
    return read(plan, benchObject(plan.objectBytes, index + 1), dueMs)
  })
  return { kind: 'readers', readings: await Promise.all(readings) }
}

async function read(plan: ReaderPlan, object: BenchObject, dueMs: number): Promise<Reading> {
  await sleep(Math.max(0, dueMs - performance.now()))
  const connection = new HttpConnection(plan.port, { from: plan.from })
  const pace = plan.bytesPerSecond === undefined ? undefined : new Pace(connection, plan.bytesPerSecond)
  let [firstByteMs, bytes, hasLeft, isRight] = [Number.NaN, 0, false, true]
  const leave = () => {
    hasLeft = true
    connection.close()
  }
  const timer = setTimeout(leave, plan.seconds * 1000)
  const problem = await connection
    .request({
      path: `/bucket/${object.name}`,
      onBody(chunk, offset) {
        if (offset === 0) firstByteMs = performance.now() - dueMs
        isRight &&= matchesContent(object, offset, chunk)
        bytes = offset + chunk.length
        if (bytes >= plan.cutBytes) leave()
        else pace?.take(bytes)
      },
    })
    .then(
      ({ status }) => (status === 200 ? undefined : `status ${status}`),
      (error: Error) => (hasLeft ? undefined : error.message),
    )
  clearTimeout(timer)
  pace?.stop()
  const seconds = (performance.now() - dueMs) / 1000
  const why = isRight ? problem : 'wrong bytes'
  return { firstByteMs, bytes, seconds, latestMs: pace?.latestMs ?? 0, ...(why !== undefined && { problem: why }) }
}

/** Reads no faster than its pace. Who is late may catch up, as a player with a buffer does. */
class Pace {
  readonly #connection: HttpConnection
  readonly #bytesPerMs: number
  #startMs = Number.NaN
  #timer: ReturnType<typeof setTimeout> | undefined
  #latestMs = 0

  constructor(connection: HttpConnection, bytesPerSecond: number) {
    this.#connection = connection
    this.#bytesPerMs = bytesPerSecond / 1000
  }

  get latestMs(): number {
    return this.#latestMs
  }

  /** `bytes` are there; they were wanted from the first byte on, evenly. */
  take(bytes: number): void {
    const now = performance.now()
    if (Number.isNaN(this.#startMs)) this.#startMs = now
    const aheadMs = bytes / this.#bytesPerMs - (now - this.#startMs)
    this.#latestMs = Math.max(this.#latestMs, -aheadMs)
    if (aheadMs < stepMs || this.#timer !== undefined) return
    this.#connection.pause()
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#connection.resume()
    }, aheadMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
