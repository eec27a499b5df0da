/** Uploads batches from the spool, oldest first, each as often as it takes. */

import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { SinkEvents } from './audit-sink.ts'
import { RetryDelay } from './retry-delay.ts'
import type { Spool, SpooledBatch } from './s3-spool.ts'
import type { S3Upload } from './s3-upload.ts'

export interface BatchUploadsPorts {
  readonly clock: Clock
  readonly random: Random
  readonly events: SinkEvents
}

const delays = { firstMs: 1000, longestMs: 60_000 }
/** Of one upload: 16 MiB at a little more than 1 Mbit/s. */
const uploadLimitMs = 120_000

export class BatchUploads {
  readonly #spool: Spool
  readonly #upload: S3Upload
  readonly #keyPrefix: string
  readonly #clock: Clock
  readonly #events: SinkEvents
  readonly #delay: RetryDelay
  readonly #over = new AbortController()
  /** Undefined: nothing is being uploaded. */
  #running: Promise<void> | undefined
  #isFinishing = false

  constructor(spool: Spool, upload: S3Upload, keyPrefix: string, ports: BatchUploadsPorts) {
    this.#spool = spool
    this.#upload = upload
    this.#keyPrefix = keyPrefix
    this.#clock = ports.clock
    this.#events = ports.events
    this.#delay = new RetryDelay(delays, ports)
  }

  /** To be called whenever there may be a batch. */
  start(): void {
    if (this.#spool.oldest !== undefined) this.#running ??= this.#uploadAll()
  }

  /** Goes on at once, and only until the next failure. Never rejects. */
  async finish(): Promise<void> {
    this.#isFinishing = true
    this.start()
    this.#delay.hurry()
    await this.#running
  }

  /** Ends whatever goes on. */
  giveUp(): void {
    this.#over.abort(new Error('no time is left'))
    this.#delay.hurry()
  }

  /** Never rejects. */
  async #uploadAll(): Promise<void> {
    for (let batch = this.#spool.oldest; batch !== undefined && !this.#isOver; batch = this.#spool.oldest) {
      const isLastTry = this.#isFinishing
      try {
        await this.#uploadOne(batch)
        this.#delay.reset()
      } catch (error) {
        if (this.#isOver) break
        this.#events.failed('s3', error)
        if (isMissing(error)) await this.#spool.remove(batch) // somebody else removed it; the others are to go on
        if (isLastTry) break
        await this.#delay.wait()
      }
    }
    this.#running = undefined
  }

  async #uploadOne(batch: SpooledBatch): Promise<void> {
    const late = new AbortController()
    const callOff = this.#clock.alarm(uploadLimitMs, () => {
      late.abort(new Error(`the upload took longer than ${uploadLimitMs / 1000} s`))
    })
    const signal = AbortSignal.any([late.signal, this.#over.signal])
    try {
      const lines = await this.#upload.put(this.#keyPrefix + batch.name, batch.path, signal)
      await this.#spool.remove(batch)
      this.#events.written('s3', lines)
    } catch (error) {
      throw late.signal.aborted ? late.signal.reason : error // the SDK says only that it was aborted
    } finally {
      callOff()
    }
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
