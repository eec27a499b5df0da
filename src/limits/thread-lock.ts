/** Attempts before the thread sleeps: more than a holder needs, unless it is not running. */
const attempts = 200
/** Nobody is woken: a holder that died cannot wake anybody, and one that was preempted should not have to. */
const sleepMs = 0.2

/**
 * One lock that several threads share, for some dozens of instructions at a time: a word that holds its owner's number, or 0.
 * A thread may die with it. Then all others wait until somebody who knows of the death has taken it over.
 */
export class ThreadLock {
  readonly #word: Int32Array
  readonly #owner: number

  /** `word`: the lock alone, in shared memory. `thread`: 0 or more, and nobody else's. */
  constructor(word: Int32Array, thread: number) {
    this.#word = word
    this.#owner = thread + 1
  }

  take(): void {
    while (!this.takeSoon()) {
      // Whoever has it was preempted, or has died: another thread sees to that.
    }
  }

  /** False: it was held for all of a fraction of a millisecond. */
  takeSoon(): boolean {
    for (let attempt = 0; attempt < attempts; attempt++) if (this.#tryTake()) return true
    const owner = Atomics.load(this.#word, 0)
    if (owner !== 0) Atomics.wait(this.#word, 0, owner, sleepMs)
    return this.#tryTake()
  }

  give(): void {
    Atomics.store(this.#word, 0, 0)
  }

  /** Only when `thread` has ended. True: it had the lock, and now this one has. */
  takeOver(thread: number): boolean {
    return Atomics.compareExchange(this.#word, 0, thread + 1, this.#owner) === thread + 1
  }

  #tryTake(): boolean {
    return Atomics.compareExchange(this.#word, 0, 0, this.#owner) === 0
  }
}
