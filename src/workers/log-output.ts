/** The log of another thread, as what the lines of this one are written to. */

import type { LogOutput, LogStream } from '../observe/logger.ts'
import type { Link } from './link.ts'

export type LogCalls = {
  /** Finished lines. */
  logText(text: string): void
}

export function logCalls(output: Pick<LogOutput, 'write'>): LogCalls {
  return { logText: (text) => output.write(text) }
}

/** What the other thread has not taken is kept up to so many characters; after that lines are lost, and requests are not. */
const mostWaiting = 16 * 1024 * 1024

export class RemoteLogStream implements LogStream {
  readonly #link: Link<LogCalls>
  #waiting = 0
  #last: Promise<void> = Promise.resolve()

  constructor(link: Link<LogCalls>) {
    this.#link = link
  }

  write(text: string): void {
    if (this.#waiting + text.length <= mostWaiting) this.#last = this.#hand(text)
  }

  /** Resolves when the other thread has all that was written until now, or is gone. */
  get taken(): Promise<void> {
    return this.#last
  }

  async #hand(text: string): Promise<void> {
    this.#waiting += text.length
    try {
      await this.#link.call('logText', text)
    } catch {
      // cleaned up: without that thread there is nowhere left to tell of it
    }
    this.#waiting -= text.length
  }
}
