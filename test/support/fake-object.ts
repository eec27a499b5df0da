/** One object of the fake origin: what it holds, and what goes wrong or waits on the way to the client. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Barrier } from './barrier.ts'
import { expectedBytes, type Synthetic } from './synthetic-bytes.ts'

export interface ObjectOptions {
  /** Sent as well, or instead of what the origin would say itself: `{ 'cache-control': 'no-store' }`. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** As it goes on the wire, quotes included; null: none at all. */
  readonly etag?: string | null
  readonly lastModified?: string | null
  /** Sends the body chunked, without a Content-Length. */
  readonly chunked?: boolean
}

export type Respond = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>
export type Content = Uint8Array | string | Synthetic

interface Fault {
  /** Requests left that it strikes. */
  times: number
}
interface ErrorFault extends Fault {
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>
}
interface DropFault extends Fault {
  readonly offset: number
}
interface Hold {
  readonly offset: number
  readonly barrier: Barrier
}
export interface FaultOptions {
  /** How many requests it strikes; without it every one until `recover`. */
  readonly times?: number
}

/** What one answer is made of, unchanged by a later `replace`: S3 never mixes two versions in one body. */
export class ObjectVersion {
  readonly #content: Uint8Array | Synthetic
  readonly #options: ObjectOptions
  readonly #number: number

  constructor(content: Content, options: ObjectOptions, number: number) {
    this.#content = typeof content === 'string' ? Buffer.from(content) : content
    this.#options = options
    this.#number = number
  }

  get size(): number {
    return this.#content instanceof Uint8Array ? this.#content.byteLength : this.#content.size
  }

  get etag(): string | undefined {
    const { etag } = this.#options
    return etag === undefined ? `"${md5(this.#content)}"` : (etag ?? undefined)
  }

  get lastModified(): string | undefined {
    const { lastModified } = this.#options
    if (lastModified !== undefined) return lastModified ?? undefined
    return new Date(Date.UTC(2025, 0, 1) + this.#number * 1000).toUTCString()
  }

  get headers(): NonNullable<ObjectOptions['headers']> {
    return this.#options.headers ?? {}
  }

  get isChunked(): boolean {
    return this.#options.chunked ?? false
  }

  bytes(start: number, end: number): Uint8Array {
    if (this.#content instanceof Uint8Array) return this.#content.subarray(start, end)
    return expectedBytes(this.#content.seed, start, end)
  }

  /** The next version keeps the options, but for the validators; an object that had none keeps having none. */
  replacedBy(content: Content, options?: ObjectOptions): ObjectVersion {
    const { etag, lastModified, ...rest } = this.#options
    const kept = { ...rest, ...(etag === null && { etag }), ...(lastModified === null && { lastModified }) }
    return new ObjectVersion(content, options ?? kept, this.#number + 1)
  }

  withHeaders(headers: NonNullable<ObjectOptions['headers']>): ObjectVersion {
    return new ObjectVersion(this.#content, { ...this.#options, headers }, this.#number)
  }
}

export class FakeObject {
  #current: ObjectVersion
  #holds: Hold[] = []
  #beforeHead: Barrier | undefined
  #error: ErrorFault | undefined
  #drop: DropFault | undefined
  #respond: Respond | undefined

  constructor(content: Content, options: ObjectOptions) {
    this.#current = new ObjectVersion(content, options, 0)
  }

  get current(): ObjectVersion {
    return this.#current
  }

  /** Other bytes, an ETag of their own, and a Last-Modified one second later. Bodies under way go on with the old ones. */
  replace(content: Content, options?: ObjectOptions): void {
    this.#current = this.#current.replacedBy(content, options)
  }

  /** The same bytes under other headers. */
  setHeaders(headers: NonNullable<ObjectOptions['headers']>): void {
    this.#current = this.#current.withHeaders(headers)
  }

  /** A barrier in every body that passes this byte of the object: bytes before it are sent, those from it on wait. */
  holdAt(offset: number): Barrier {
    const barrier = new Barrier()
    this.#holds.push({ offset, barrier })
    return barrier
  }

  /** A barrier between the request and the answer's head. */
  delayHead(): Barrier {
    this.#beforeHead = new Barrier()
    return this.#beforeHead
  }

  /** Answers with an S3 error. */
  failWith(status: number, code: string, options: FaultOptions & { headers?: Record<string, string> } = {}): void {
    this.#error = { status, code, headers: options.headers ?? {}, times: options.times ?? Number.POSITIVE_INFINITY }
  }

  /** Destroys the connection once this byte of the object would be next. */
  dropAt(offset: number, options: FaultOptions = {}): void {
    this.#drop = { offset, times: options.times ?? Number.POSITIVE_INFINITY }
  }

  /** Answers by hand; what it does not end, the test must. */
  respond(answer: Respond): void {
    this.#respond = answer
  }

  /** Ends `failWith`, `dropAt` and `respond`. Barriers stay. */
  recover(): void {
    this.#error = undefined
    this.#drop = undefined
    this.#respond = undefined
  }

  get answersByHand(): Respond | undefined {
    return this.#respond
  }

  async passHead(): Promise<void> {
    await this.#beforeHead?.arrive()
  }

  takeError(): ErrorFault | undefined {
    return strikes(this.#error) ? this.#error : undefined
  }

  /** Where this body breaks off, if it does. */
  takeDrop(start: number, end: number): number | undefined {
    const drop = this.#drop
    if (drop === undefined || drop.offset < start || drop.offset > end || !strikes(drop)) return undefined
    return drop.offset
  }

  /** The closed barriers a body from `start` to `end` comes by, nearest first. */
  holdsWithin(start: number, end: number): readonly Hold[] {
    return this.#holds
      .filter(({ offset, barrier }) => !barrier.isOpen && offset >= start && offset < end)
      .sort((one, other) => one.offset - other.offset)
  }

  /** Opens everything, so that nothing waits for ever once the test is over. */
  releaseAll(): void {
    for (const { barrier } of this.#holds) barrier.release()
    this.#beforeHead?.release()
  }
}

function strikes(fault: Fault | undefined): boolean {
  if (fault === undefined || fault.times <= 0) return false
  fault.times -= 1
  return true
}

function md5(content: Uint8Array | Synthetic): string {
  const hash = createHash('md5')
  if (content instanceof Uint8Array) return hash.update(content).digest('hex')
  return hash.update(`synthetic ${content.seed} ${content.size}`).digest('hex')
}
