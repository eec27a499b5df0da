/**
 * A place in a fake where whoever comes by waits until the test lets go: the way to bring two things into a chosen order
 * without sleeping. Once released it stays open.
 */
export class Barrier {
  /** Resolves when the first one has arrived. */
  readonly reached: Promise<void>
  readonly #arrived: () => void
  readonly #opened: Promise<void>
  readonly #open: () => void
  #isOpen = false

  constructor() {
    const arrival = Promise.withResolvers<void>()
    const opening = Promise.withResolvers<void>()
    this.reached = arrival.promise
    this.#arrived = arrival.resolve
    this.#opened = opening.promise
    this.#open = opening.resolve
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** What the fake calls: waits for the release. */
  arrive(): Promise<void> {
    this.#arrived()
    return this.#opened
  }

  release(): void {
    this.#isOpen = true
    this.#open()
  }
}
