/** Something that configurations have in common, in the hands of one of them. */
export interface Share<P> {
  readonly part: P
  /** The last one to let go closes it. Once. */
  release(): Promise<void>
}

interface Closable {
  close(): Promise<void>
}

/**
 * Parts that outlive a configuration when the next one asks for the same: connections, counters, fetched keys. Told apart by
 * the settings they were made from.
 */
export class SharedParts<P extends Closable> {
  readonly #parts = new Map<string, { readonly part: P; holders: number }>()

  take(settings: unknown, make: () => P): Share<P> {
    const key = JSON.stringify(settings)
    const known = this.#parts.get(key) ?? { part: make(), holders: 0 }
    this.#parts.set(key, known)
    known.holders += 1
    return { part: known.part, release: () => this.#release(key) }
  }

  /** Those in use. */
  all(): readonly P[] {
    return Array.from(this.#parts.values(), ({ part }) => part)
  }

  async #release(key: string): Promise<void> {
    const known = this.#parts.get(key)
    if (known === undefined) return
    known.holders -= 1
    if (known.holders > 0) return
    this.#parts.delete(key)
    await known.part.close()
  }
}
