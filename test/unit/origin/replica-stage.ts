/** A replicated origin over replicas without sockets, which do what the test says and note when they are asked. */

import type { BreakerOptions } from '../../../src/base/breaker.ts'
import { type ErrorCode, ProxyError } from '../../../src/base/errors.ts'
import type { EpochMs } from '../../../src/base/types.ts'
import type { ObjectRef, Origin, OriginAnswer, OriginBody, OriginQuery } from '../../../src/origin/origin.ts'
import { createReplicatedOrigin } from '../../../src/origin/replicated-origin.ts'
import { RetryBudget } from '../../../src/origin/retry-budget.ts'
import type { RetryOptions } from '../../../src/origin/retrying.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { createFakeRandom } from '../../support/fake-random.ts'
import { RecordedEvents } from './rig.ts'

/** What a replica does with a question. */
export type Deed = (query: OriginQuery) => OriginAnswer | Promise<OriginAnswer>

/** An answer without a body, easily told apart. */
export const changed: OriginAnswer = { kind: 'changed' }
export const answers =
  (answer: OriginAnswer = changed): Deed =>
  () =>
    answer
export const fails =
  (code: ErrorCode = 'OriginUnreachable', retryAfterSeconds?: number): Deed =>
  () => {
    throw new ProxyError(code, 'scripted', retryAfterSeconds === undefined ? {} : { retryAfterSeconds })
  }
/** Never answers; ends with the signal's reason. */
export const hangs: Deed = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })

/** An answer of this status that is no S3 error. */
export function object(
  status: number,
  chunks: readonly (Uint8Array | Error)[] = [],
): OriginAnswer & { isOpen(): boolean } {
  const at = 0 as EpochMs
  const body = new OnceBody(chunks)
  const head = { status, headers: [], requestedAt: at, receivedAt: at }
  return { kind: 'object', head, start: 0, body, isOpen: () => body.isOpen }
}

class OnceBody implements OriginBody {
  isOpen = true
  readonly #chunks: readonly (Uint8Array | Error)[]

  constructor(chunks: readonly (Uint8Array | Error)[]) {
    this.#chunks = chunks
  }

  cancel(): void {
    this.isOpen = false
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (const chunk of this.#chunks) {
        if (chunk instanceof Error) throw chunk
        yield chunk
      }
    } finally {
      this.isOpen = false
    }
  }
}

export class ScriptedReplica implements Origin {
  readonly name: string
  readonly fingerprint: string
  waiting = 0
  readonly refs: ObjectRef[] = []
  readonly queries: OriginQuery[] = []
  /** What it does once its list is empty. */
  does: Deed = answers()
  /** What it does with the next questions. */
  readonly next: Deed[] = []
  isClosed = false
  readonly #asked: (name: string) => void

  constructor(name: string, asked: (name: string) => void) {
    this.name = name
    this.fingerprint = `fingerprint of ${name}`
    this.#asked = asked
  }

  async ask(ref: ObjectRef, query: OriginQuery): Promise<OriginAnswer> {
    this.refs.push(ref)
    this.queries.push(query)
    this.#asked(this.name)
    return (this.next.shift() ?? this.does)(query)
  }

  async close(): Promise<void> {
    this.isClosed = true
  }
}

export interface StageOptions {
  /** One letter each, best first. */
  readonly replicas?: string
  readonly retry?: Partial<RetryOptions>
  readonly breaker?: Partial<BreakerOptions>
  /** Retries there are in ten seconds, however much is asked. */
  readonly reserve?: number
  /** What chance says, over and over. */
  readonly floats?: readonly number[]
}

export function stage({ replicas = 'ab', retry = {}, breaker = {}, reserve = 100, floats = [1] }: StageOptions = {}) {
  const clock = new FakeClock()
  const events = new RecordedEvents()
  /** Who was asked, as letters; and when. */
  const asked: string[] = []
  const askedAtMs: number[] = []
  const scripted = [...replicas].map(
    (name) =>
      new ScriptedReplica(name, (who) => {
        asked.push(who)
        askedAtMs.push(clock.monotonicMs())
      }),
  )
  const origin = createReplicatedOrigin(
    {
      bucketName: 'films',
      retry: { maxAttempts: 3, initialBackoffMs: 100, maxBackoffMs: 1000, ...retry },
      breaker: { failureThreshold: 5, successThreshold: 2, openForMs: 30_000, maxProbes: 3, ...breaker },
    },
    scripted.map((member) => ({ name: member.name, origin: member })),
    { clock, events, random: createFakeRandom(floats), budget: new RetryBudget({ share: 0.1, reserve }, clock) },
  )
  const replica = (name: string): ScriptedReplica => {
    const found = scripted.find((member) => member.name === name)
    if (found === undefined) throw new Error(`no replica ${name} on this stage`)
    return found
  }
  /** What comes of an answer that is waited for on the clock. */
  async function inTime(answer: Promise<OriginAnswer>): Promise<OriginAnswer> {
    answer.catch(() => undefined) // told below
    await clock.untilWaiting(1)
    await clock.advance(10_000)
    return answer
  }
  return { clock, events, origin, inTime, replica, askedAtMs, asked: () => asked.splice(0).join('') }
}
