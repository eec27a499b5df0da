/** Attempts before the thread sleeps: as long as most holders take. */
const attempts = 200
/** Nobody is woken: a holder that died cannot wake anybody, and one that was preempted should not have to. */
const sleepMs = 0.2
/** Sleeps after which the holder may be dead: no holder that lives takes so long, but for one that the machine has forgotten. */
const patience = 100

/**
 * Locks of threads that write to what they share, for some dozens of instructions at a time. A lock is a word that holds its owner's
 * number, or 0. What it guards is valid after every single store, or can be made so, so that a lock whose owner died can simply be
 * taken over. Those of the arena, which readers do not need, are taken in this order, none twice: clean, append, names or a stripe's.
 */
export class ThreadLocks {
  /** How often somebody had to sleep. */
  sleeps = 0
  readonly #words: Int32Array
  readonly #owner: number
  readonly #suspect: (owner: number) => void

  /**
   * `owner`: any number but 0, and nobody else's. `suspect`: told of a holder that may be dead, again and again; whoever repairs
   * does it there, for it will not hear of the death before it has the lock.
   */
  constructor(words: Int32Array, owner: number, suspect: (owner: number) => void = () => undefined) {
    this.#words = words
    this.#owner = owner
    this.#suspect = suspect
  }

  take(lock: number): void {
    if (this.#spin(lock)) return
    for (let sleeps = 1; !this.tryTake(lock); sleeps++) {
      const owner = this.#sleep(lock)
      if (sleeps % patience === 0 && owner !== 0) this.#suspect(owner)
    }
  }

  /** False: it was held for all of a fraction of a millisecond. */
  takeSoon(lock: number): boolean {
    if (this.#spin(lock)) return true
    this.#sleep(lock)
    return this.tryTake(lock)
  }

  tryTake(lock: number): boolean {
    return Atomics.compareExchange(this.#words, lock, 0, this.#owner) === 0
  }

  give(lock: number): void {
    Atomics.store(this.#words, lock, 0)
  }

  /** Only when the thread of `owner` has ended. */
  takeOver(lock: number, owner: number): boolean {
    return Atomics.compareExchange(this.#words, lock, owner, this.#owner) === owner
  }

  #spin(lock: number): boolean {
    for (let attempt = 0; attempt < attempts; attempt++) if (this.tryTake(lock)) return true
    return false
  }

  /** Returns who had it; 0: nobody, and no time has passed. */
  #sleep(lock: number): number {
    const owner = Atomics.load(this.#words, lock)
    if (owner === 0) return owner
    this.sleeps += 1
    Atomics.wait(this.#words, lock, owner, sleepMs)
    return owner
  }
}
