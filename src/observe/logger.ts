import { createRequire } from 'node:module'
import { type DestinationStream, type Logger, pino } from 'pino'
import type { Clock } from '../base/clock.ts'

const require = createRequire(import.meta.url)
/** For people: the JSON of everybody else does without. */
const prettyStream = () => (require('pino-pretty') as typeof import('pino-pretty')).build({ sync: true })

export type { Logger }

export interface LoggerOptions {
  readonly level: string
  readonly format: 'json' | 'pretty'
}

export interface LogOutput {
  readonly logger: Logger
  /** Adds finished lines, newlines included: for lines that come with every request. The caller minds the level. */
  write(line: string): void
  /** Writes what is still in memory. Synchronous: it is the last thing a process does. */
  flush(): void
}

/** Lines gather in memory up to this size or this long: to hand a write to another thread costs some 50 µs. */
const batchBytes = 128 * 1024
const batchMs = 100
/** What nobody takes from stdout is kept up to this size; after that lines are lost, and requests are not. */
const mostWaitingBytes = 64 * 1024 * 1024

/** JSON lines on stdout. `destination`: somewhere else, line by line, for tests. */
export function createLogger(
  { level, format }: LoggerOptions,
  clock: Clock,
  destination?: DestinationStream,
): LogOutput {
  if (destination !== undefined) return outputTo(destination, level, () => undefined)
  return createBatchedLogger(level, clock, format === 'pretty' ? prettyStream() : stdout())
}

/** JSON lines, many at a time. */
export function createBatchedLogger(level: string, clock: Clock, stream: LogStream): LogOutput {
  const batches = new Batches(stream, clock)
  return outputTo(batches, level, () => batches.flush())
}

function outputTo(destination: DestinationStream, level: string, flush: () => void): LogOutput {
  return {
    logger: pino({ level, base: null }, destination),
    write: (line) => {
      destination.write(line)
    },
    flush,
  }
}

function stdout(): LogStream {
  return pino.destination({ dest: 1, sync: false, maxLength: mostWaitingBytes })
}

export interface LogStream extends DestinationStream {
  flushSync?(): void
}

/** In front of pino's own stream, which measures all that it holds again at every line: 20 µs for each at 64 KiB. */
class Batches implements DestinationStream {
  readonly #stream: LogStream
  readonly #clock: Clock
  #lines: string[] = []
  #size = 0

  constructor(stream: LogStream, clock: Clock) {
    this.#stream = stream
    this.#clock = clock
  }

  write(line: string): void {
    if (this.#lines.length === 0) this.#clock.alarm(batchMs, () => this.#hand())
    this.#lines.push(line)
    this.#size += line.length
    if (this.#size >= batchBytes) this.#hand()
  }

  flush(): void {
    this.#hand()
    this.#stream.flushSync?.()
  }

  #hand(): void {
    if (this.#lines.length === 0) return
    const text = this.#lines.join('')
    this.#lines = []
    this.#size = 0
    this.#stream.write(text)
  }
}
