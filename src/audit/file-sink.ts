/** Entries in a file, gathered for a moment and written by one write at a time. */

import fileSystem from 'node:fs/promises'
import type { Clock } from '../base/clock.ts'
import type { AuditLine, AuditSink, SinkEvents } from './audit-sink.ts'
import type { FileSystem } from './live-file.ts'
import { dayMs, RotatingFile } from './rotating-file.ts'
import { type QueueBounds, SinkQueue } from './sink-queue.ts'

export interface FileSinkOptions {
  readonly path: string
  readonly maxFileBytes: number
  /** 0: none are kept. */
  readonly maxBackupFiles: number
  /** `daily`: at midnight, UTC, and at `maxFileBytes` as well. */
  readonly rotation: 'size' | 'daily'
  /** Entries gather in memory up to this size, or for a second. */
  readonly bufferBytes: number
  /** Backups older than this are removed. Undefined: age does not matter. */
  readonly maxAgeMs: number | undefined
}

export interface FileSinkPorts {
  readonly clock: Clock
  readonly events: SinkEvents
  readonly files?: FileSystem
  readonly bounds?: QueueBounds
}

/** So long lines wait for others, and so long after a failure until the next attempt. */
const gatherMs = 1000
/** Of lines written together. */
const batchBytes = 128 << 10
const closeLimitMs = 5000

/** A line leaves the queue when the file has it. */
export class FileSink implements AuditSink {
  readonly name = 'file'
  readonly #bufferBytes: number
  readonly #clock: Clock
  readonly #events: SinkEvents
  readonly #file: RotatingFile
  readonly #queue: SinkQueue
  /** Whatever is done with the file, one after the other. */
  #turn: Promise<void> = Promise.resolve()
  #isFlushing = false
  #isFailing = false
  #closing: Promise<void> | undefined
  #callOffFlush: (() => void) | undefined
  #callOffMidnight: (() => void) | undefined

  /** Opens the file at once, so that what is wrong with it shows. */
  constructor(options: FileSinkOptions, { clock, events, files = fileSystem, bounds }: FileSinkPorts) {
    this.#bufferBytes = options.bufferBytes
    this.#clock = clock
    this.#events = events
    const pruneFailed = (error: unknown) => events.failed(this.name, error)
    this.#file = new RotatingFile(options, { clock, files, pruneFailed })
    this.#queue = new SinkQueue(bounds)
    void this.#inTurn(() => this.#file.open())
    this.#awaitMidnight()
  }

  get depth(): number {
    return this.#queue.depth
  }

  record(line: AuditLine): void {
    if (this.#closing !== undefined) this.#events.dropped(this.name, 1, 'closed')
    else if (this.#queue.push(line)) this.#flushWhenDue()
    else this.#events.dropped(this.name, 1, 'queue full')
  }

  reopen(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closing !== undefined) return
      await this.#file.close()
      await this.#file.open()
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#callOffFlush?.()
    this.#callOffMidnight?.()
    const { promise: isLate, resolve: giveUp } = Promise.withResolvers<void>()
    const callOff = this.#clock.alarm(closeLimitMs, giveUp)
    void this.#inTurn(() => this.#writeQueue())
    await Promise.race([this.#inTurn(() => this.#file.close()), isLate])
    callOff()
    const lost = this.#queue.depth
    this.#queue.shift(lost)
    if (lost > 0) this.#events.dropped(this.name, lost, 'lost')
  }

  /** Never rejects. */
  #inTurn(act: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(act).catch((error) => {
      this.#isFailing = true // retried: with the next flush
      this.#events.failed(this.name, error)
    })
    return this.#turn
  }

  #flushWhenDue(): void {
    if (this.#isFlushing || this.#queue.depth === 0 || this.#closing !== undefined) return
    if (this.#queue.bytes >= this.#bufferBytes && !this.#isFailing) this.#flush()
    else this.#callOffFlush ??= this.#clock.alarm(gatherMs, () => this.#flush())
  }

  #flush(): void {
    this.#callOffFlush?.()
    this.#callOffFlush = undefined
    this.#isFlushing = true
    this.#isFailing = false
    void this.#inTurn(() => this.#writeQueue()).then(() => {
      this.#isFlushing = false
      this.#flushWhenDue()
    })
  }

  /** Writes what is in the queue now; what comes meanwhile may gather again. */
  async #writeQueue(): Promise<void> {
    let due = this.#queue.depth
    while (due > 0 && this.#queue.depth > 0) {
      const count = await this.#file.append(this.#queue.peek(batchBytes))
      this.#queue.shift(count)
      due -= count
      if (count > 0) this.#events.written(this.name, count)
    }
  }

  #awaitMidnight(): void {
    const untilMidnight = dayMs - (this.#clock.now() % dayMs)
    this.#callOffMidnight = this.#clock.alarm(untilMidnight, () => {
      void this.#inTurn(() => this.#writeQueue())
      void this.#inTurn(() => this.#file.beginDay())
      this.#awaitMidnight()
    })
  }
}
