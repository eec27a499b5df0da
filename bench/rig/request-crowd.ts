/** A fixed crowd of open connections, and requests that leave by the clock on the one that has rested longest. */
import { setTimeout as sleep } from 'node:timers/promises'
import { HttpConnection } from './http-connection.ts'
import { LatencyHistogram, type LatencyRow } from './latency-histogram.ts'
import { type BenchObject, benchObject } from './object-content.ts'
import { isGood, type Sample, timedRequest } from './timed-load.ts'
import { objectsOf, type Workload } from './workload.ts'

export interface RequestPlan {
  readonly kind: 'requests'
  readonly port: number
  /** The client's own address, in 127.0.0.0/8: each has ports of its own. */
  readonly from: string
  readonly connections: number
  readonly rate: number
  readonly seconds: number
  readonly workload: Workload
  /** The first so many objects are asked for while the connections open, before anything counts: at least one. */
  readonly warmObjects: number
}

export interface RequestResult {
  readonly kind: 'requests'
  readonly requests: number
  readonly errors: number
  readonly wrong: number
  /** The first few. */
  readonly problems: readonly string[]
  /** From the moment a request was due to its last byte; those that failed are not in it. */
  readonly hitMs: readonly LatencyRow[]
  readonly missMs: readonly LatencyRow[]
  /** How late requests left although a connection was free: the client's own share of the latencies. */
  readonly lateMs: readonly LatencyRow[]
  /** Connections that the server closed, and that were opened anew. */
  readonly reopened: number
}

const [openingAtOnce, problemsKept] = [64, 10]

export class RequestCrowd {
  readonly #plan: RequestPlan
  readonly #idle: HttpConnection[]
  readonly #waiting: number[] = []
  readonly #next: () => BenchObject
  readonly #histograms = { hit: new LatencyHistogram(), miss: new LatencyHistogram(), late: new LatencyHistogram() }
  readonly #problems: string[] = []
  #requests = 0
  #errors = 0
  #wrong = 0
  #reopened = 0

  private constructor(plan: RequestPlan, connections: HttpConnection[]) {
    this.#plan = plan
    this.#idle = connections
    this.#next = objectsOf(plan.workload)
  }

  /** Each connection is open once it has had an answer. */
  static async open(plan: RequestPlan): Promise<RequestCrowd> {
    const connections: HttpConnection[] = []
    let opened = 0
    const open = async () => {
      for (let index = opened++; index < plan.connections; index = opened++) {
        const connection = connect(plan)
        connections.push(connection)
        for (let asked = index; asked < Math.max(plan.connections, plan.warmObjects); asked += plan.connections) {
          const sample = await ask(connection, benchObject(plan.workload.size, (asked % plan.warmObjects) + 1))
          if (!isGood(sample)) throw new Error(`while opening: status ${sample.status}, ${sample.words.slice(0, 200)}`)
        }
      }
    }
    await Promise.all(Array.from({ length: openingAtOnce }, open))
    return new RequestCrowd(plan, connections)
  }

  /** Resolves once the last answer is there. */
  async run(): Promise<RequestResult> {
    const { rate, seconds } = this.#plan
    const running = new Set<Promise<void>>()
    const startMs = performance.now()
    for (let index = 0; index < rate * seconds; index += 1) {
      const dueMs = startMs + (index * 1000) / rate
      if (dueMs > performance.now()) await sleep(Math.max(0, dueMs - performance.now()))
      const connection = this.#idle.shift()
      if (connection === undefined) {
        this.#waiting.push(dueMs)
        continue
      }
      this.#histograms.late.add(performance.now() - dueMs)
      const work = this.#serve(connection, dueMs).finally(() => running.delete(work))
      running.add(work)
    }
    await Promise.all(running)
    for (const connection of this.#idle) connection.close()
    return this.#result()
  }

  /** One request, and while others wait, theirs. */
  async #serve(first: HttpConnection, dueMs: number): Promise<void> {
    let connection = first
    for (let due: number | undefined = dueMs; due !== undefined; due = this.#waiting.shift()) {
      if (!connection.isOpen) {
        connection = connect(this.#plan)
        this.#reopened += 1
      }
      this.#count(await ask(connection, this.#next(), due))
    }
    this.#idle.push(connection)
  }

  #count(sample: Sample): void {
    this.#requests += 1
    if (isGood(sample)) {
      const { hit, miss } = this.#histograms
      const histogram = /\r\nX-Cache: *HIT\r\n/i.test(sample.words) ? hit : miss
      histogram.add(sample.tookMs)
      return
    }
    this.#errors += 1
    if (sample.isWrong) this.#wrong += 1
    const words = sample.isWrong ? 'wrong bytes' : sample.words.split('\r\n', 1)[0]
    if (this.#problems.length < problemsKept) this.#problems.push(`${sample.request.object.name}: ${words}`)
  }

  #result(): RequestResult {
    const { hit, miss, late } = this.#histograms
    return {
      kind: 'requests',
      requests: this.#requests,
      errors: this.#errors,
      wrong: this.#wrong,
      problems: this.#problems,
      hitMs: hit.rows(),
      missMs: miss.rows(),
      lateMs: late.rows(),
      reopened: this.#reopened,
    }
  }
}

/** Small reads: thousands of buffers of the usual size would be the client's memory. */
function connect({ port, from }: RequestPlan): HttpConnection {
  return new HttpConnection(port, { from, readBytes: 16 * 1024 })
}

function ask(connection: HttpConnection, object: BenchObject, dueMs = performance.now()) {
  return timedRequest(connection, { object, path: `/bucket/${object.name}` }, dueMs)
}
