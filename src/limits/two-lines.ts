import { Line } from './line.ts'

/**
 * A line of those who begin, and one of those who go on with what they have begun. While both wait they are served in turn, those
 * who begin first: so they never wait for all who go on, and those come to something however many begin.
 */
export class TwoLines<T> {
  readonly #beginning = new Line<T>()
  readonly #goingOn = new Line<T>()
  #isTurnOfGoingOn = false

  get isEmpty(): boolean {
    return this.length === 0
  }

  get length(): number {
    return this.#beginning.length + this.#goingOn.length
  }

  join(member: T, isGoingOn: boolean): void {
    if (isGoingOn) this.#goingOn.join(member)
    else this.#beginning.join(member)
  }

  leave(member: T): void {
    this.#beginning.leave(member)
    this.#goingOn.leave(member)
  }

  /** Whoever is served next. Undefined: there is none. */
  get first(): T | undefined {
    return this.#served.first
  }

  /** That one, who leaves. */
  next(): T | undefined {
    const served = this.#served
    this.#isTurnOfGoingOn = served === this.#beginning && !this.#goingOn.isEmpty
    return served.next()
  }

  get #served(): Line<T> {
    const isGoingOn = this.#beginning.isEmpty || (this.#isTurnOfGoingOn && !this.#goingOn.isEmpty)
    return isGoingOn ? this.#goingOn : this.#beginning
  }
}
