/** How far something long has come: one line drawn over and over on a terminal, a line now and then elsewhere. */

import type { Clock } from '../base/clock.ts'
import { countText } from './table.ts'

/** Such as `process.stderr`. */
export interface ProgressOutput {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const barWidth = 24
const quietMs = 5000

export class ProgressLine {
  readonly #output: ProgressOutput
  readonly #clock: Clock
  #lastMs: number
  #width = 0

  constructor(output: ProgressOutput, clock: Clock) {
    this.#output = output
    this.#clock = clock
    this.#lastMs = clock.monotonicMs()
  }

  /** `total` undefined: nobody knows yet. */
  show(done: number, total: number | undefined, words: string): void {
    const { isTTY, columns = 80 } = this.#output
    const line = `${bar(done, total)} ${countText(done)}${total === undefined ? '' : `/${countText(total)}`} ${words}`
    if (isTTY === true) {
      const shown = line.slice(0, columns - 1) // a line that wraps cannot be drawn over
      this.#output.write(`\r${shown.padEnd(this.#width)}`)
      this.#width = shown.length
    } else if (this.#clock.monotonicMs() - this.#lastMs >= quietMs) {
      this.#lastMs = this.#clock.monotonicMs()
      this.#output.write(`${line}\n`)
    }
  }

  /** The line gives way to what is written next. */
  end(): void {
    if (this.#width > 0) this.#output.write(`\r${' '.repeat(this.#width)}\r`)
    this.#width = 0
  }
}

/** Without a total it is empty. */
export function bar(done: number, total: number | undefined): string {
  const share = total === undefined || total === 0 ? 0 : Math.min(1, done / total)
  const filled = Math.round(share * barWidth)
  return `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}]`
}
