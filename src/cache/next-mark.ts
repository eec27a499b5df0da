/** Where the next of several marks begins. Nothing is looked for twice when it is asked from left to right. */
export class NextMark {
  readonly #bytes: Buffer
  readonly #marks: readonly Uint8Array[]
  /** By mark; `bytes.length`: no more of them. */
  readonly #at: number[]

  constructor(bytes: Buffer, marks: readonly Uint8Array[]) {
    this.#bytes = bytes
    this.#marks = marks
    this.#at = marks.map(() => -1)
  }

  /** At `from` itself when there are no marks; the length of the bytes when there is none any more. */
  from(from: number): number {
    if (this.#marks.length === 0) return from
    let nearest = this.#bytes.length
    for (const [index, mark] of this.#marks.entries()) {
      let at = this.#at[index] as number
      if (at < from) {
        at = this.#bytes.indexOf(mark, from)
        if (at === -1) at = this.#bytes.length
        this.#at[index] = at
      }
      nearest = Math.min(nearest, at)
    }
    return nearest
  }
}
