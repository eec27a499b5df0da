/** Open-loop load that remembers of every request when it came and what became of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { HttpConnection } from './http-connection.ts'
import { type BenchObject, matchesContent } from './object-content.ts'

export interface TimedRequest {
  readonly object: BenchObject
  readonly path: string
  /** Half-open; the whole object without. */
  readonly range?: readonly [start: number, end: number]
}

export interface Sample {
  readonly request: TimedRequest
  /** On the clock of `performance.now()`, when it was due. */
  readonly atMs: number
  readonly tookMs: number
  /** 0: the connection broke, before the head or in the body. */
  readonly status: number
  /** Bytes that are not the object's, or a complete answer that lacks some. Never acceptable. */
  readonly isWrong: boolean
  /** The head of the answer; or why there is none. */
  readonly words: string
}

export interface TimedLoad {
  readonly port: number
  readonly rate: number
  readonly untilMs: number
  next(): TimedRequest
}

/** As many connections as it takes. Resolves once the last answer is there. */
export async function timedLoad({ port, rate, untilMs, next }: TimedLoad): Promise<Sample[]> {
  const [samples, idle, running]: [Sample[], HttpConnection[], Set<Promise<void>>] = [[], [], new Set()]
  const startMs = performance.now()
  const one = async (atMs: number) => {
    const open = idle.pop()
    const connection = open?.isOpen ? open : new HttpConnection(port)
    samples.push(await timedRequest(connection, next(), atMs))
    if (connection.isOpen) idle.push(connection)
  }
  for (let index = 0; ; index += 1) {
    const atMs = startMs + (index * 1000) / rate
    if (atMs >= untilMs) break
    if (atMs > performance.now()) await sleep(Math.max(0, atMs - performance.now()))
    const work = one(atMs).finally(() => running.delete(work))
    running.add(work)
  }
  await Promise.all(running)
  for (const connection of idle) connection.close()
  return samples
}

/** Never rejects. */
export async function timedRequest(connection: HttpConnection, request: TimedRequest, atMs: number): Promise<Sample> {
  const { object, path, range } = request
  const [start, end] = range ?? [0, object.size]
  let isRight = true
  try {
    const { status, bytes, head } = await connection.request({
      path,
      ...(range && { headers: { range: `bytes=${start}-${end - 1}` } }),
      onBody(chunk, offset, status) {
        if (isContent(status)) isRight &&= matchesContent(object, start + offset, chunk)
      },
    })
    const isWrong = !isRight || (isContent(status) && bytes !== end - start)
    return { request, atMs, tookMs: performance.now() - atMs, status, isWrong, words: head }
  } catch (error) {
    connection.close()
    const words = error instanceof Error ? error.message : String(error)
    return { request, atMs, tookMs: performance.now() - atMs, status: 0, isWrong: !isRight, words }
  }
}

const isContent = (status: number): boolean => status === 200 || status === 206

export const isGood = ({ status, isWrong }: Sample): boolean => isContent(status) && !isWrong

export function between(samples: readonly Sample[], fromMs: number, untilMs: number): Sample[] {
  return samples.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs)
}

/** How often each status came, as `200 × 17, 503 × 2`. */
export function statuses(samples: readonly Sample[]): string {
  const counts = new Map<number, number>()
  for (const { status } of samples) counts.set(status, (counts.get(status) ?? 0) + 1)
  return [...counts].map(([status, count]) => `${status === 0 ? 'broken off' : status} × ${count}`).join(', ')
}
