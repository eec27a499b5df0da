/** How parts of the proxy are, told by every thread to the board of one. */

import type { Clock } from '../base/clock.ts'
import type { PartKind, StatusBoard, StatusNews } from '../observe/status-board.ts'
import type { Link } from './link.ts'

interface AspectNews {
  readonly kind: PartKind
  readonly name: string
  readonly aspect: string
}

/** The last that was heard within a moment. */
interface Sample {
  readonly kind: PartKind
  readonly name: string
  readonly message: string | undefined
  readonly tookMs: number | undefined
}

/** What the thread that has the board does for another. */
export type BoardCalls = {
  partFailed(news: AspectNews & { readonly message: string | undefined }): void
  partWorks(news: AspectNews): void
  partSamples(samples: readonly Sample[]): void
}

/** A part is degraded for as long as any thread says so. One that has ended says nothing any more. */
export class BoardOfThreads {
  readonly #board: StatusBoard
  /** By thread and aspect. */
  readonly #failing = new Map<number, Map<string, AspectNews>>()

  constructor(board: StatusBoard) {
    this.#board = board
  }

  calls(thread: number): BoardCalls {
    const failing = new Map<string, AspectNews>()
    this.#failing.set(thread, failing)
    const own = (aspect: string) => `thread ${thread} ${aspect}`
    return {
      partFailed: ({ kind, name, aspect, message }) => {
        const news = { kind, name, aspect: own(aspect) }
        failing.set(keyOf(news), news)
        this.#board.failed(kind, name, message, news.aspect)
      },
      partWorks: ({ kind, name, aspect }) => {
        const news = { kind, name, aspect: own(aspect) }
        failing.delete(keyOf(news))
        this.#board.works(kind, name, news.aspect)
      },
      partSamples: (samples) => {
        for (const { kind, name, message, tookMs } of samples) {
          if (message !== undefined) this.#board.erred(kind, name, message)
          if (tookMs !== undefined) this.#board.answered(kind, name, tookMs)
        }
      },
    }
  }

  ended(thread: number): void {
    for (const { kind, name, aspect } of this.#failing.get(thread)?.values() ?? [])
      this.#board.works(kind, name, aspect)
    this.#failing.delete(thread)
  }
}

/** Errors and times that come with every request are told so often, the last of each part. */
const sampleEveryMs = 250
/** What the board keeps of a message. */
const longestMessage = 200

/** Tells of each change of state at once, and of the rest now and then. */
export class RemoteBoard implements StatusNews {
  readonly #link: Link<BoardCalls>
  readonly #clock: Clock
  readonly #failing = new Map<string, AspectNews>()
  #samples = new Map<string, Sample>()
  /** Aspects may be objects: they have no name that another thread would know. */
  readonly #numbers = new WeakMap<object, number>()
  #lastNumber = 0

  constructor(link: Link<BoardCalls>, clock: Clock) {
    this.#link = link
    this.#clock = clock
  }

  /** Nothing is known against the others, should they come back. */
  use(kind: PartKind, names: readonly string[]): void {
    for (const [key, news] of this.#failing)
      if (news.kind === kind && !names.includes(news.name)) this.#failing.delete(key)
  }

  failed(kind: PartKind, name: string, error: unknown, aspect: unknown = ''): void {
    const news = { kind, name, aspect: this.#nameOf(aspect) }
    if (this.#failing.has(keyOf(news))) {
      if (error !== undefined) this.erred(kind, name, error)
      return
    }
    this.#failing.set(keyOf(news), news)
    this.#link.tell('partFailed', { ...news, message: error === undefined ? undefined : messageOf(error) })
  }

  works(kind: PartKind, name: string, aspect: unknown = ''): void {
    if (this.#failing.size === 0) return // as after nearly every answer
    const news = { kind, name, aspect: this.#nameOf(aspect) }
    if (this.#failing.delete(keyOf(news))) this.#link.tell('partWorks', news)
  }

  erred(kind: PartKind, name: string, error: unknown): void {
    this.#note(kind, name, { message: messageOf(error) })
  }

  answered(kind: PartKind, name: string, tookMs: number): void {
    this.#note(kind, name, { tookMs })
  }

  #note(kind: PartKind, name: string, heard: { readonly message: string } | { readonly tookMs: number }): void {
    if (this.#samples.size === 0) this.#clock.alarm(sampleEveryMs, () => this.#tellSamples())
    const key = `${kind} ${name}`
    const { message, tookMs } = this.#samples.get(key) ?? {}
    this.#samples.set(key, { kind, name, message, tookMs, ...heard })
  }

  #tellSamples(): void {
    const samples = [...this.#samples.values()]
    this.#samples = new Map()
    this.#link.tell('partSamples', samples)
  }

  #nameOf(aspect: unknown): string {
    if (typeof aspect !== 'object' || aspect === null) return String(aspect)
    const number = this.#numbers.get(aspect) ?? ++this.#lastNumber
    this.#numbers.set(aspect, number)
    return `#${number}`
  }
}

const keyOf = ({ kind, name, aspect }: AspectNews) => `${kind}\n${name}\n${aspect}`

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, longestMessage)
}
