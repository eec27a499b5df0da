/** Readers of other threads at the runs of this one: they ask for slices, and keep the run alive that they had one of. */

import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { RunTable } from '../objects/run-table.ts'
import type { SliceRun } from '../objects/slice-run.ts'
import type { PeerCalls, SliceQuestion, SliceReply } from './peer-calls.ts'

/** A reader that has not asked for this long is slow, or its thread has other worries: the run does not wait for it. */
const silenceMs = 10_000

export interface ForeignReadersPorts {
  readonly runs: RunTable
  readonly clock: Clock
  /** Resolves when the run stands that another thread was told of: at once when there is none. */
  promised(version: string): Promise<void>
}

interface ForeignReader {
  readonly thread: number
  readonly run: SliceRun
  readonly left: AbortController
  endWait: () => void
}

export class ForeignReaders {
  readonly #ports: ForeignReadersPorts
  readonly #readers = new Map<string, ForeignReader>()

  constructor(ports: ForeignReadersPorts) {
    this.#ports = ports
  }

  get size(): number {
    return this.#readers.size
  }

  /** What other threads may call. */
  get calls(): PeerCalls {
    return {
      lendSlice: (question) => this.#lend(question),
      foreignReaderLeft: ({ thread, reader }) => this.#detach(keyOf(thread, reader)),
      foreignThreadLeft: (thread) => {
        for (const [key, reader] of [...this.#readers]) if (reader.thread === thread) this.#detach(key)
      },
      foreignRunBegan: ({ version, first }) => this.#ports.runs.endBefore(version, first),
    }
  }

  async #lend({ thread, reader, version, index, last }: SliceQuestion & { thread: number }): Promise<SliceReply> {
    const { runs } = this.#ports
    let run = runs.coveringOf(version, index)
    if (run === undefined) {
      await turn() // a run may have been promised for this thread, which has not heard of it yet
      await this.#ports.promised(version)
      run = runs.coveringOf(version, index)
    }
    const none: SliceReply = { kind: 'none', last: runs.openEndOf(version, index, last), wasRunning: true }
    if (run === undefined) return none
    const key = keyOf(thread, reader)
    const foreign = this.#attach(key, thread, run)
    const { fill, release } = run.ask(index, last)
    try {
      await fill.arrived(fill.size - 1, foreign.left.signal)
      return { kind: 'bytes', bytes: new Uint8Array(fill.bytes) } // they are soon another's
    } catch {
      return none // what the origin did to this run it may not do to another
    } finally {
      release()
      if (this.#readers.get(key) === foreign) this.#waitFor(key, foreign)
    }
  }

  #attach(key: string, thread: number, run: SliceRun): ForeignReader {
    run.attach() // before it leaves the one it was at, which may be this one
    this.#detach(key)
    const foreign = { thread, run, left: new AbortController(), endWait: () => {} }
    this.#readers.set(key, foreign)
    return foreign
  }

  #waitFor(key: string, foreign: ForeignReader): void {
    foreign.endWait = this.#ports.clock.alarm(silenceMs, () => this.#detach(key))
  }

  #detach(key: string): void {
    const foreign = this.#readers.get(key)
    if (foreign === undefined) return
    this.#readers.delete(key)
    foreign.endWait()
    foreign.left.abort()
    foreign.run.detach()
  }
}

const keyOf = (thread: number, reader: number) => `${thread}/${reader}`
