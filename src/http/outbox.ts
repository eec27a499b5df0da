/** As many answers wait for the end of a turn: the first of them for a millisecond or so. */
const mostWaiting = 64

/**
 * Answers that are ready in one turn of the event loop leave one right behind the other, at its end. Between two writes lie
 * the kernel's work and a client that wakes up, and both leave the caches cold for whoever comes next: the CPU of a hit on 50
 * busy connections is 0.85 of what it is when each answer leaves by itself, on 8 of them 0.7, and on one no less.
 */
export class Outbox {
  #waiting: (() => void)[] = []
  readonly #turnEnded = () => this.#send()

  /** `send`: called once, soon. */
  put(send: () => void): void {
    const count = this.#waiting.push(send)
    if (count === 1) setImmediate(this.#turnEnded)
    if (count === mostWaiting) this.#send()
  }

  #send(): void {
    const due = this.#waiting
    this.#waiting = []
    for (const send of due) send()
  }
}
