/** The audit sinks of another thread, seen as one sink of this thread. */

import { setImmediate as turn } from 'node:timers/promises'
import type { AuditLine, AuditSink, SinkEvents, SinkName } from '../audit/audit-sink.ts'
import type { Chain } from '../audit/chain.ts'
import type { Link } from './link.ts'

export type AuditCalls = {
  auditLines(lines: readonly AuditLine[]): void
}

export interface AuditOwner {
  /** Undefined: entries stand for themselves. */
  readonly chain: Pick<Chain, 'link'> | undefined
  readonly sinks: readonly Pick<AuditSink, 'record'>[]
}

/** Lines of every thread are links of one chain, in the order in which they come. */
export function auditCalls({ chain, sinks }: AuditOwner): AuditCalls {
  return {
    auditLines(lines) {
      for (const line of lines) {
        const linked = chain === undefined ? line : linkedIn(chain, line)
        for (const sink of sinks) sink.record(linked)
      }
    },
  }
}

/** What a link adds is ASCII. */
function linkedIn(chain: Pick<Chain, 'link'>, line: AuditLine): AuditLine {
  const text = chain.link(line.text)
  return { ...line, text, bytes: line.bytes + text.length - line.text.length }
}

/** Of lines that the other thread has not taken yet: it does so within milliseconds, or is in trouble. */
const maxLines = 10_000
const maxBytes = 16 << 20

/** Lines of one turn of the event loop cross together. They are safe here once the other thread's sinks have them. */
export class RemoteAuditSink implements AuditSink {
  /** One of those that stand behind it. */
  readonly name: SinkName
  readonly #names: readonly SinkName[]
  readonly #link: Link<AuditCalls>
  readonly #events: Pick<SinkEvents, 'dropped' | 'written'>
  #gathered: AuditLine[] = []
  #depth = 0
  #bytes = 0
  #isDropping = false
  #isClosed = false
  #lastHandover: Promise<void> = Promise.resolve()

  /** `names`: the sinks there, one at least; a line that is dropped here misses in each of them. */
  constructor(
    names: readonly [SinkName, ...SinkName[]],
    link: Link<AuditCalls>,
    events: Pick<SinkEvents, 'dropped' | 'written'>,
  ) {
    this.name = names[0]
    this.#names = names
    this.#link = link
    this.#events = events
  }

  get depth(): number {
    return this.#depth
  }

  record(line: AuditLine): void {
    const refusal = this.#refusalOf(line)
    if (refusal !== undefined) {
      this.#drop(1, refusal)
      return
    }
    this.#depth += 1
    this.#bytes += line.bytes
    if (this.#gathered.push(line) === 1) this.#lastHandover = this.#handOver()
  }

  /** For a thread that ends before its next turn. */
  handOverNow(): void {
    void this.#send() // never rejects
  }

  /** Files are opened anew where they are. */
  async reopen(): Promise<void> {}

  /** Lines are taken in their order: with the last, all are. */
  close(): Promise<void> {
    this.#isClosed = true
    return this.#lastHandover
  }

  #refusalOf({ bytes }: AuditLine): 'closed' | 'queue full' | undefined {
    if (this.#isClosed) return 'closed'
    return this.#depth >= maxLines || this.#bytes + bytes > maxBytes ? 'queue full' : undefined
  }

  async #handOver(): Promise<void> {
    await turn()
    await this.#send()
  }

  async #send(): Promise<void> {
    const lines = this.#gathered
    this.#gathered = []
    if (lines.length === 0) return
    try {
      await this.#link.call('auditLines', lines)
      this.#tellTaken()
    } catch {
      this.#drop(lines.length, 'lost') // translated: the other thread is gone, and its sinks with it
    }
    this.#depth -= lines.length
    for (const { bytes } of lines) this.#bytes -= bytes
  }

  /** After a loss. Lines are counted as written where they are. */
  #tellTaken(): void {
    if (!this.#isDropping) return
    this.#isDropping = false
    for (const name of this.#names) this.#events.written(name, 0)
  }

  #drop(lines: number, reason: Parameters<SinkEvents['dropped']>[2]): void {
    this.#isDropping = true
    for (const name of this.#names) this.#events.dropped(name, lines, reason)
  }
}
