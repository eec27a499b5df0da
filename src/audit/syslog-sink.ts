/** Sends audit lines to a syslog server, in order, for as long as it takes. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { AuditLine, AuditSink, SinkEvents } from './audit-sink.ts'
import { RetryDelay } from './retry-delay.ts'
import { SinkQueue } from './sink-queue.ts'
import { openStream, type SyslogConnection } from './syslog-connection.ts'
import { openDatagrams } from './syslog-datagrams.ts'
import { createFormat } from './syslog-frame.ts'

export interface SyslogSinkOptions {
  readonly host: string
  readonly port: number
  readonly protocol: 'udp' | 'tcp' | 'tls'
  /** RFC 5424 §6.2.1, by its common name: `local0`. */
  readonly facility: SyslogFacility
}

export type SyslogFacility =
  | 'kern'
  | 'user'
  | 'mail'
  | 'daemon'
  | 'auth'
  | 'syslog'
  | 'lpr'
  | 'news'
  | 'uucp'
  | 'cron'
  | 'authpriv'
  | 'ftp'
  | 'local0'
  | 'local1'
  | 'local2'
  | 'local3'
  | 'local4'
  | 'local5'
  | 'local6'
  | 'local7'

export interface SyslogSinkPorts {
  readonly clock: Clock
  readonly random: Random
  readonly events: SinkEvents
  /** What this machine calls itself. */
  readonly hostname: string
  readonly pid: number
}

/** Of one call of `send`, so that it holds up others for well under a millisecond. Each datagram is a system call. */
const batchBytes = { udp: 16 << 10, tcp: 64 << 10, tls: 64 << 10 }
/** After a batch, lines gather so long for the next, unless it is full before: one at a time they cost three times as much. */
const gatherMs = 100
const delays = { firstMs: 200, longestMs: 10_000 }
/** A connection that did not last so long has not proved anything: the delays go on growing. */
const provenMs = 1000
const flushLimitMs = 2000

/**
 * A line leaves the queue when the kernel has it. Syslog has no receipts: what was on its way when a connection broke is
 * lost, or, when it is not known to have left, sent once more. Lines are never sent out of order.
 */
export class SyslogSink implements AuditSink {
  readonly name = 'syslog'
  readonly #options: SyslogSinkOptions
  readonly #ports: SyslogSinkPorts
  readonly #format: (line: AuditLine) => Buffer
  readonly #delay: RetryDelay
  readonly #queue = new SinkQueue()
  /** Fires when `close` has no more time. */
  readonly #over = new AbortController()
  #connection: SyslogConnection | undefined
  #openedAtMs = 0
  #sentAtMs = Number.NEGATIVE_INFINITY
  #endGathering: () => void = () => undefined
  /** Undefined: nothing is being sent. */
  #sending: Promise<void> | undefined
  #isClosed = false

  constructor(options: SyslogSinkOptions, ports: SyslogSinkPorts) {
    this.#options = options
    this.#ports = ports
    this.#delay = new RetryDelay(delays, ports)
    this.#format = createFormat({ ...ports, facility: options.facility })
  }

  get depth(): number {
    return this.#queue.depth
  }

  record(line: AuditLine): void {
    if (this.#isClosed) this.#ports.events.dropped(this.name, 1, 'closed')
    else if (!this.#queue.push(line)) this.#ports.events.dropped(this.name, 1, 'queue full')
    else if (this.#sending === undefined) this.#sending = this.#sendAll()
    else if (this.#isBatchFull) this.#endGathering()
  }

  /** There is no file. */
  async reopen(): Promise<void> {}

  /** Two seconds at most. A server that was just given up gets another chance at once. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const callOff = this.#ports.clock.alarm(flushLimitMs, () => this.#giveUp())
    this.#delay.hurry()
    this.#endGathering()
    await this.#sending
    await this.#connection?.close(this.#isOver ? 'now' : undefined)
    callOff()
    const left = this.#queue.depth
    if (left > 0) this.#ports.events.dropped(this.name, left, 'lost')
    this.#queue.shift(left)
  }

  get #isBatchFull(): boolean {
    return this.#queue.bytes >= batchBytes[this.#options.protocol]
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted
  }

  #giveUp(): void {
    this.#over.abort(new Error('no time is left'))
    this.#delay.hurry()
  }

  /** Never rejects. */
  async #sendAll(): Promise<void> {
    while (this.#queue.depth > 0 && !this.#isOver) {
      await this.#gather()
      await this.#sendQueue()
    }
    this.#sending = undefined
  }

  async #gather(): Promise<void> {
    await nextTurn() // whatever else comes in this turn goes along
    const { clock } = this.#ports
    const waitMs = this.#sentAtMs + gatherMs - clock.monotonicMs()
    if (waitMs <= 0 || this.#isBatchFull || this.#isClosed) return
    await new Promise<void>((resolve) => {
      const callOff = clock.alarm(waitMs, resolve)
      this.#endGathering = () => {
        callOff()
        resolve()
      }
    })
  }

  /** What is in the queue now; what comes meanwhile may gather again. */
  async #sendQueue(): Promise<void> {
    for (let due = this.#queue.depth; due > 0 && !this.#isOver; ) {
      try {
        due -= await this.#sendBatch()
      } catch (error) {
        await this.#recover(error)
      }
    }
  }

  /** Resolves with how many lines are gone from the queue. */
  async #sendBatch(): Promise<number> {
    const { clock, events } = this.#ports
    this.#connection ??= await this.#open()
    const batch = this.#queue.peek(batchBytes[this.#options.protocol])
    const tooLong = await this.#connection.send(batch.map(this.#format))
    this.#queue.shift(batch.length)
    this.#sentAtMs = clock.monotonicMs()
    if (this.#sentAtMs - this.#openedAtMs >= provenMs) this.#delay.reset()
    if (tooLong > 0) events.dropped(this.name, tooLong, 'too long')
    if (batch.length > tooLong) events.written(this.name, batch.length - tooLong)
    return batch.length
  }

  async #open(): Promise<SyslogConnection> {
    const { signal } = this.#over
    const isUdp = this.#options.protocol === 'udp'
    const opening = isUdp ? openDatagrams(this.#options, signal) : openStream(this.#options, this.#ports.clock, signal)
    const connection = await opening
    this.#openedAtMs = this.#ports.clock.monotonicMs()
    return connection
  }

  async #recover(error: unknown): Promise<void> {
    const broken = this.#connection
    this.#connection = undefined
    await broken?.close('now')
    if (this.#isOver) return
    this.#ports.events.failed(this.name, error)
    await this.#delay.wait()
  }
}
