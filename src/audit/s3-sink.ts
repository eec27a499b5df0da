/** Gathers audit lines in batches on disk, and uploads each batch until S3 has it. */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { CredentialOptions, CredentialSource } from '../origin/credentials.ts'
import type { AuditLine, AuditSink, SinkEvents } from './audit-sink.ts'
import { BatchUploads } from './batch-uploads.ts'
import { Spool } from './s3-spool.ts'
import { createUpload, type S3Upload } from './s3-upload.ts'
import { SinkQueue } from './sink-queue.ts'

export interface S3SinkOptions {
  readonly bucket: string
  readonly region: string
  /** Undefined: AWS. */
  readonly endpoint: string | undefined
  readonly forcePathStyle: boolean
  readonly credentials: CredentialOptions
  /** In front of object keys, as it is. */
  readonly keyPrefix: string
  readonly exportIntervalMs: number
  /** Where batches are kept until they are uploaded. */
  readonly spoolFolder: string
}

export interface S3SinkPorts {
  readonly clock: Clock
  readonly random: Random
  readonly events: SinkEvents
  /** Made from `credentials` of the options. */
  readonly credentials: CredentialSource
  /** What this machine calls itself. */
  readonly hostname: string
  readonly maxSpoolBytes?: number
}

/** So long, or until there are so many bytes, lines wait in memory for others: a crash loses these. */
const gatherMs = 1000
const gatherBytes = 256 << 10
const maxBatchBytes = 16 << 20
/** Hours of an ordinary S3 outage; a disk that others use too is not filled. */
const defaultMaxSpoolBytes = 2 ** 30
/** After `close`. */
const uploadsEndMs = 9_000
const closeLimitMs = 10_000

/** A line is told as written when it is in S3. It leaves the queue, and is out of danger, when it is in the spool. */
export class S3Sink implements AuditSink {
  readonly name = 's3'
  readonly #exportIntervalMs: number
  readonly #maxSpoolBytes: number
  readonly #clock: Clock
  readonly #events: SinkEvents
  readonly #spool: Spool
  readonly #upload: S3Upload
  readonly #uploads: BatchUploads
  readonly #queue = new SinkQueue()
  /** Whatever is written to the spool, one after the other. */
  #turn: Promise<void> = Promise.resolve()
  #isSpooling = false
  #isFailing = false
  #isClosed = false
  #callOffSpooling: (() => void) | undefined
  #callOffExport: (() => void) | undefined

  constructor(options: S3SinkOptions, ports: S3SinkPorts, spool: Spool, upload: S3Upload) {
    const { clock, events, maxSpoolBytes = defaultMaxSpoolBytes } = ports
    this.#exportIntervalMs = options.exportIntervalMs
    this.#maxSpoolBytes = maxSpoolBytes
    this.#clock = clock
    this.#events = events
    this.#spool = spool
    this.#upload = upload
    this.#uploads = new BatchUploads(spool, upload, options.keyPrefix, ports)
    this.#awaitExport()
    this.#uploads.start()
  }

  /** Rejects when the spool folder cannot be used. What earlier processes have left there is uploaded first. */
  static async open(options: S3SinkOptions, ports: S3SinkPorts): Promise<S3Sink> {
    const upload = await createUpload(options, ports.credentials)
    return new S3Sink(options, ports, await Spool.open(options.spoolFolder, ports), upload)
  }

  /** Lines that a crash of this process would lose. */
  get depth(): number {
    return this.#queue.depth
  }

  record(line: AuditLine): void {
    if (this.#isClosed) this.#events.dropped(this.name, 1, 'closed')
    else if (this.#queue.push(line)) this.#spoolWhenDue()
    else this.#events.dropped(this.name, 1, 'queue full')
  }

  /** There is no file that others may move. */
  async reopen(): Promise<void> {}

  /** Ten seconds at most. What cannot be uploaded now is uploaded by the next process. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#callOffSpooling?.()
    this.#callOffExport?.()
    const { promise: isLate, resolve: giveUp } = Promise.withResolvers<void>()
    const callOffs = [
      this.#clock.alarm(uploadsEndMs, () => this.#uploads.giveUp()),
      this.#clock.alarm(closeLimitMs, giveUp), // a disk may hang
    ]
    await Promise.race([this.#finish(), isLate])
    for (const callOff of callOffs) callOff()
    const left = this.#queue.depth
    if (left > 0) this.#events.dropped(this.name, left, 'lost')
    this.#queue.shift(left)
    this.#upload.close()
  }

  async #finish(): Promise<void> {
    await this.#inTurn(() => this.#spoolQueue())
    await this.#inTurn(() => this.#spool.seal())
    await this.#uploads.finish()
    await this.#inTurn(() => this.#spool.close())
  }

  /** Never rejects. */
  #inTurn(act: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(act).catch((error) => {
      this.#isFailing = true // retried: a second later
      this.#events.failed(this.name, error)
    })
    return this.#turn
  }

  #spoolWhenDue(): void {
    if (this.#isSpooling || this.#queue.depth === 0 || this.#isClosed) return
    if (this.#queue.bytes >= gatherBytes && !this.#isFailing) this.#startSpooling()
    else this.#callOffSpooling ??= this.#clock.alarm(gatherMs, () => this.#startSpooling())
  }

  #startSpooling(): void {
    this.#callOffSpooling?.()
    this.#callOffSpooling = undefined
    this.#isSpooling = true
    this.#isFailing = false
    void this.#inTurn(() => this.#spoolQueue()).then(() => {
      this.#isSpooling = false
      this.#spoolWhenDue()
    })
  }

  /** What is in the queue now; what comes meanwhile may gather again. */
  async #spoolQueue(): Promise<void> {
    for (let due = this.#queue.depth; due > 0; ) {
      const lines = this.#queue.peek(gatherBytes)
      const bytes = Buffer.from(`${lines.map(({ text }) => text).join('\n')}\n`)
      const isFull = this.#spool.bytes + bytes.byteLength > this.#maxSpoolBytes
      if (!isFull) await this.#spoolBytes(bytes)
      this.#queue.shift(lines.length)
      due -= lines.length
      if (isFull) this.#events.dropped(this.name, lines.length, 'queue full')
    }
  }

  async #spoolBytes(bytes: Buffer): Promise<void> {
    if (this.#spool.openBytes + bytes.byteLength > maxBatchBytes) await this.#seal()
    await this.#spool.append(bytes)
  }

  async #seal(): Promise<void> {
    await this.#spool.seal()
    this.#uploads.start()
  }

  #awaitExport(): void {
    this.#callOffExport = this.#clock.alarm(this.#exportIntervalMs, () => {
      void this.#inTurn(() => this.#spoolQueue())
      void this.#inTurn(() => this.#seal())
      this.#awaitExport()
    })
  }
}
