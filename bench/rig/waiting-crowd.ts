/** Clients that ask, wait, and ask again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { HttpConnection } from './http-connection.ts'
import { isGood, type Sample, type TimedRequest, timedRequest } from './timed-load.ts'

/** After a refusal a client waits as told to, at least in kind. */
const refusedWaitMs = 1000

/** Each on a connection of its own. They begin at once. */
export class WaitingCrowd {
  readonly #port: number
  readonly #next: () => TimedRequest
  readonly #count: number
  readonly #restMs: number
  readonly #connections = new Set<HttpConnection>()
  readonly #samples: Sample[] = []
  readonly #clients: Promise<unknown>
  #isOver = false
  #asked = 0

  /** `restMs`: how long they rest after each read. */
  constructor(port: number, count: number, next: () => TimedRequest, restMs = 0) {
    this.#port = port
    this.#count = count
    this.#restMs = restMs
    this.#next = next
    this.#clients = Promise.all(Array.from({ length: count }, () => this.#ask()))
  }

  /** All of them have asked, `settleMs` ago; whether they wait or were refused is the proxy's matter. */
  async untilWaiting(settleMs: number): Promise<void> {
    while (this.#asked < this.#count) await sleep(20)
    await sleep(settleMs)
  }

  /** What they got until then; requests that are broken off now do not count. */
  async leave(): Promise<readonly Sample[]> {
    this.#isOver = true
    const samples = [...this.#samples]
    for (const connection of this.#connections) connection.close()
    await this.#clients
    return samples
  }

  async #ask(): Promise<void> {
    while (!this.#isOver) {
      const connection = new HttpConnection(this.#port, { restMs: this.#restMs })
      this.#connections.add(connection)
      while (!this.#isOver && connection.isOpen) {
        this.#asked += 1
        const sample = await timedRequest(connection, this.#next(), performance.now())
        this.#samples.push(sample)
        if (!isGood(sample) && !this.#isOver) await sleep(refusedWaitMs)
      }
      connection.close()
      this.#connections.delete(connection)
    }
  }
}
