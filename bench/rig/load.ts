/** Drives a server with checked requests: closed loop (as fast as it answers) or open loop (at a fixed arrival rate). */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ConnectionOptions, HttpConnection } from './http-connection.ts'
import { type BenchObject, matchesContent } from './object-content.ts'

/** One request and what its answer has to be, byte for byte. */
export interface CheckedRequest {
  readonly object: BenchObject
  readonly headers?: Readonly<Record<string, string>>
  readonly status: number
  /** The part of the object that has to come back; half-open. */
  readonly start: number
  readonly end: number
}

export interface LoadOptions extends ConnectionOptions {
  readonly port: number
  readonly connections: number
  readonly seconds: number
  next(): CheckedRequest
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly bytes: number
  readonly latenciesMs: readonly number[]
  /** Open loop only: how long after its arrival the client itself came to each request. */
  readonly lateMs: readonly number[]
  /** One line for each failed request; the first few are enough to know why. */
  readonly problems: readonly string[]
}

export function wholeObject(object: BenchObject): CheckedRequest {
  return { object, status: 200, start: 0, end: object.size }
}

/** Resolves to the milliseconds until the first byte; rejects when the answer is not exactly the expected one. */
export async function requestChecked(
  connection: HttpConnection,
  request: CheckedRequest,
  onFirstBody: () => void = () => {},
): Promise<number> {
  const { object, headers, status, start, end } = request
  let isRight = true
  const answer = await connection.request({
    path: `/bucket/${object.name}`,
    ...(headers === undefined ? {} : { headers }),
    onBody(chunk, offset) {
      if (offset === 0) onFirstBody()
      isRight &&= matchesContent(object, start + offset, chunk)
    },
  })
  if (answer.status !== status) throw new Error(`${object.name}: status ${answer.status}, expected ${status}`)
  if (answer.bytes !== end - start) throw new Error(`${object.name}: ${answer.bytes} bytes, expected ${end - start}`)
  if (!isRight) throw new Error(`${object.name}: wrong bytes`)
  return answer.firstByteMs
}

export async function closedLoad(options: LoadOptions): Promise<LoadResult> {
  const tally = new Tally()
  const until = performance.now() + options.seconds * 1_000
  const drive = async () => {
    let connection = new HttpConnection(options.port, options)
    while (performance.now() < until && tally.isWorthGoingOn) {
      if (!connection.isOpen) connection = new HttpConnection(options.port, options)
      await tally.run(connection, options.next(), performance.now())
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: options.connections }, drive))
  return tally.result()
}

export interface PacedOptions extends LoadOptions {
  readonly rate: number
  /** Connections that are open already, used in turn; else new ones, of which the one last free is used again. */
  readonly opened?: readonly HttpConnection[]
}

/**
 * Requests arrive every 1/rate seconds whatever the server does, on a free connection or, when all are busy, in a
 * queue; latency counts from the arrival, so that a stall shows in every request that had to wait for it.
 */
export async function pacedLoad(options: PacedOptions): Promise<LoadResult> {
  const tally = new Tally()
  const { opened } = options
  const open = () => new HttpConnection(options.port, options)
  const idle = opened === undefined ? Array.from({ length: options.connections }, open) : [...opened]
  const waiting: number[] = []
  const running = new Set<Promise<void>>()
  const serve = async (connection: HttpConnection, first: number) => {
    let current = connection
    for (let arrivedAt: number | undefined = first; arrivedAt !== undefined; arrivedAt = waiting.shift()) {
      if (!current.isOpen) current = open()
      await tally.run(current, options.next(), arrivedAt)
    }
    idle.push(current)
  }
  const start = performance.now()
  const arrivals = Math.round(options.rate * options.seconds)
  for (let index = 0; index < arrivals && tally.isWorthGoingOn; ) {
    const arrivesAt = start + (index * 1_000) / options.rate
    // Turns of the event loop instead of a timer: timers are a millisecond coarse, as long as the answers measured.
    const lateMs = performance.now() - arrivesAt
    if (lateMs < 0) {
      await nextTurn()
      continue
    }
    index += 1
    tally.noteLate(lateMs)
    const connection = opened === undefined ? idle.pop() : idle.shift()
    if (connection === undefined) {
      waiting.push(arrivesAt)
      continue
    }
    const work = serve(connection, arrivesAt).finally(() => running.delete(work))
    running.add(work)
  }
  await Promise.all(running)
  for (const connection of idle) connection.close()
  return tally.result()
}

export interface ReaderResult {
  readonly firstByteMs: number
  readonly totalMs: number
}

/** One reader of one whole object on a connection of its own; a stall begins with the first body bytes. */
export async function readOnce(
  port: number,
  object: BenchObject,
  delayMs: number,
  stallMs: number,
): Promise<ReaderResult> {
  await sleep(delayMs)
  const connection = new HttpConnection(port)
  const startedAt = performance.now()
  const stall = () => {
    connection.pause()
    setTimeout(() => connection.resume(), stallMs)
  }
  try {
    const firstByteMs = await requestChecked(connection, wholeObject(object), stallMs > 0 ? stall : () => {})
    return { firstByteMs, totalMs: performance.now() - startedAt }
  } finally {
    connection.close()
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

class Tally {
  readonly #startedAt = performance.now()
  readonly #latenciesMs: number[] = []
  readonly #lateMs: number[] = []
  readonly #problems: string[] = []
  #bytes = 0

  /** A server that only fails must not fill the memory with its failures. */
  get isWorthGoingOn(): boolean {
    return this.#problems.length < 1_000
  }

  noteLate(ms: number): void {
    this.#lateMs.push(ms)
  }

  /** Never rejects: a failed request is a problem in the result. */
  async run(connection: HttpConnection, request: CheckedRequest, arrivedAt: number): Promise<void> {
    try {
      await requestChecked(connection, request)
      this.#latenciesMs.push(performance.now() - arrivedAt)
      this.#bytes += request.end - request.start
    } catch (error) {
      connection.close()
      this.#problems.push(error instanceof Error ? error.message : String(error))
    }
  }

  result(): LoadResult {
    return {
      requests: this.#latenciesMs.length + this.#problems.length,
      seconds: (performance.now() - this.#startedAt) / 1_000,
      bytes: this.#bytes,
      latenciesMs: this.#latenciesMs,
      lateMs: this.#lateMs,
      problems: this.#problems,
    }
  }
}
