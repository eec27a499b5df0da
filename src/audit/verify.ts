/** Whether the entries of log files still are what was written: every link, from the oldest file to the newest. */

import { createReadStream } from 'node:fs'
import { chainBeginning, digestOf, isWholeEntry } from './chain.ts'

export interface Place {
  readonly file: string
  /** From 1. */
  readonly line: number
}

export type BreakReason =
  /** An entry before it was changed, removed, inserted or moved, or never got into the file; or it was itself. */
  'does not follow the entry before it' | 'has no link' | 'is no entry'

export interface ChainReport {
  readonly entries: number
  /** Entries without a link, from before the first one that has one: nothing can be said of them. */
  readonly unlinked: number
  /** The first linked entry is the first of its log. */
  readonly isFromBeginning: boolean
  /** Where a crash cut an entry short. The chain goes on behind them. */
  readonly torn: readonly Place[]
  /** The first break; links behind it were not looked at. */
  readonly broken: (Place & { readonly reason: BreakReason }) | undefined
  /** Of the last entry, which nothing holds: to be kept elsewhere, and compared. */
  readonly lastDigest: string | undefined
}

/** `files`: oldest first. `progress` is told of bytes as they are read. Rejects when a file cannot be read. */
export async function verifyChain(
  files: readonly string[],
  progress: (bytes: number) => void = () => {},
): Promise<ChainReport> {
  const verifier = new Verifier()
  for (const file of files) {
    let line = 0
    for await (const lines of linesOf(file, progress)) {
      for (const text of lines) verifier.see(text, file, ++line)
    }
  }
  return verifier.report()
}

const lineBreak = 0x0a

/** Whole chunks of lines, without their line breaks: a turn of the event loop for each line would cost more than its digest. */
async function* linesOf(file: string, progress: (bytes: number) => void): AsyncGenerator<readonly Buffer[]> {
  let begun: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(file, { highWaterMark: 256 << 10 }) as AsyncIterable<Buffer>) {
    progress(chunk.byteLength)
    const bytes = begun.byteLength === 0 ? chunk : Buffer.concat([begun, chunk])
    const lines: Buffer[] = []
    let start = 0
    for (let end = bytes.indexOf(lineBreak); end !== -1; end = bytes.indexOf(lineBreak, start)) {
      lines.push(bytes.subarray(start, end))
      start = end + 1
    }
    begun = bytes.subarray(start)
    yield lines
  }
  if (begun.byteLength > 0) yield [begun]
}

/** At the end of an entry. */
const linkPattern = /,"prev":"([\da-f]{64})"\}$/
const entryBeginning = '{"timestamp":"'

class Verifier {
  readonly #torn: Place[] = []
  #entries = 0
  #unlinked = 0
  #isFromBeginning = false
  #hasBegun = false
  #lastDigest: string | undefined
  #broken: ChainReport['broken']

  see(line: Buffer, file: string, number: number): void {
    const text = line.toString()
    const isEntry = isWholeEntry(text)
    if (isEntry) this.#entries += 1
    if (this.#broken !== undefined) return
    const reason = isEntry ? this.#judge(linkPattern.exec(text)?.[1]) : undefined
    if (reason !== undefined) this.#broken = { file, line: number, reason }
    else if (isEntry) this.#lastDigest = digestOf(line)
    else if (isBegunEntry(text)) this.#torn.push({ file, line: number })
    else this.#broken = { file, line: number, reason: 'is no entry' }
  }

  report(): ChainReport {
    return {
      entries: this.#entries,
      unlinked: this.#unlinked,
      isFromBeginning: this.#isFromBeginning,
      torn: this.#torn,
      broken: this.#broken,
      lastDigest: this.#lastDigest,
    }
  }

  #judge(link: string | undefined): BreakReason | undefined {
    if (link === undefined) {
      if (this.#hasBegun) return 'has no link'
      this.#unlinked += 1
      return undefined
    }
    const isFirst = !this.#hasBegun
    this.#hasBegun = true
    if (isFirst) this.#isFromBeginning = link === chainBeginning
    const expected = this.#lastDigest ?? link
    return link === expected || (isFirst && this.#isFromBeginning) ? undefined : 'does not follow the entry before it'
  }
}

function isBegunEntry(text: string): boolean {
  return text !== '' && (text.startsWith(entryBeginning) || entryBeginning.startsWith(text))
}
