import { folderCount, folderOf } from './disk-layout.ts'
import type { RecordDigest } from './record-digest.ts'

/** Lets what changes one record's file happen one after the other, in the order asked for. */
export class Turns {
  readonly #last = new Map<RecordDigest, Promise<void>>()
  readonly #inFolder = new Uint32Array(folderCount)

  /** The latest turn taken for a record that is not over yet; never rejects. */
  latest(digest: RecordDigest): Promise<void> | undefined {
    return this.#last.get(digest)
  }

  isBusy(digest: RecordDigest): boolean {
    return this.#last.has(digest)
  }

  isFolderBusy(folder: number): boolean {
    return this.#inFolder[folder] !== 0
  }

  /** Acts at once when nobody is before it. */
  take<T>(digest: RecordDigest, act: () => Promise<T>): Promise<T> {
    const folder = folderOf(digest)
    this.#inFolder[folder] = (this.#inFolder[folder] as number) + 1
    const earlier = this.#last.get(digest)
    const turn = earlier === undefined ? act() : earlier.then(act)
    const finish = () => {
      this.#inFolder[folder] = (this.#inFolder[folder] as number) - 1
      if (this.#last.get(digest) === over) this.#last.delete(digest)
    }
    const over = turn.then(finish, finish)
    this.#last.set(digest, over)
    return turn
  }

  /** Resolves when all turns that were taken before this call are over. */
  async settled(): Promise<void> {
    await Promise.all(this.#last.values())
  }
}
