/** First come, first served; whoever stands in it may leave at any time, and nobody stands in it twice. */
export class Line<T> {
  readonly #members = new Set<T>()
  /** Stands before the first one. A new one each time would walk over the gaps that those who left have made in the set. */
  readonly #fromFirst = this.#members.values()
  #first: T | undefined

  get isEmpty(): boolean {
    return this.#members.size === 0
  }

  get length(): number {
    return this.#members.size
  }

  /** At the end; who is in line already keeps its place. */
  join(member: T): void {
    this.#members.add(member)
  }

  leave(member: T): void {
    if (member === this.#first) this.#first = undefined
    this.#members.delete(member)
  }

  /** Undefined: there is none. */
  get first(): T | undefined {
    // Asked only while somebody is in line: once told that there is nobody, it would stay with that.
    if (this.#first === undefined && !this.isEmpty) this.#first = this.#fromFirst.next().value
    return this.#first
  }

  /** The first one, who leaves. Undefined: there is none. */
  next(): T | undefined {
    const { first } = this
    if (first !== undefined) this.leave(first)
    return first
  }
}
