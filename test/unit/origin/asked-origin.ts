/** An origin whose every answer the test gives by hand. */

import type { Origin, OriginAnswer, OriginBody, OriginQuery } from '../../../src/origin/origin.ts'

export class Asked {
  readonly query: OriginQuery
  readonly answered = Promise.withResolvers<OriginAnswer>()
  /** Of its answer, once there is one. */
  body: HeldBody | undefined
  #isOver = false

  constructor(query: OriginQuery) {
    this.query = query
  }

  /** With an object, whose body is held until somebody cancels it. */
  answer(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.body = new HeldBody()
    const head = { status: 200, headers: [], requestedAt: 0, receivedAt: 0 } as never
    this.answered.resolve({ kind: 'object', head, start: 0, body: this.body } as OriginAnswer)
  }

  fail(error: Error): void {
    this.#isOver = true
    this.answered.reject(error)
  }
}

class HeldBody implements OriginBody {
  isCancelled = false

  cancel(): void {
    this.isCancelled = true
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {}
}

export class AskedOrigin implements Origin {
  readonly name = 'films'
  readonly fingerprint = 'f'
  waiting = 0
  readonly asks: Asked[] = []
  isClosed = false
  /** False: it answers as if nobody had called it off. */
  heedsSignals = true

  ask(_ref: unknown, query: OriginQuery): Promise<OriginAnswer> {
    const asked = new Asked(query)
    this.asks.push(asked)
    if (this.heedsSignals) {
      if (query.signal.aborted) asked.fail(query.signal.reason)
      query.signal.addEventListener('abort', () => asked.fail(query.signal.reason))
    }
    return asked.answered.promise
  }

  async close(): Promise<void> {
    this.isClosed = true
  }
}
