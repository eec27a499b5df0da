import type { RecordId } from '../base/types.ts'

/** Lets nothing overtake the writes that were called before it, for tiers whose writes may go different ways. */
export class WriteOrder {
  readonly #last = new Map<RecordId, Promise<void>>()

  /** Resolves when the writes to `id` called so far have come to an end, good or bad. */
  async settled(id: RecordId): Promise<void> {
    await this.#last.get(id)
  }

  /** Of all ids, or of those meant. */
  async allSettled(isMeant: (id: RecordId) => boolean = () => true): Promise<void> {
    await Promise.all([...this.#last].map(([id, ended]) => (isMeant(id) ? ended : undefined)))
  }

  /** Begins `write` when those before it have ended. */
  run<T>(id: RecordId, write: () => Promise<T>): Promise<T> {
    const earlier = this.#last.get(id)
    const written = earlier === undefined ? write() : earlier.then(write)
    const end = () => {
      if (this.#last.get(id) === ended) this.#last.delete(id)
    }
    const ended = written.then(end, end)
    this.#last.set(id, ended)
    return written
  }
}
