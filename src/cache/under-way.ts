/** See decisions/0008: why not a Map of what passes. */

interface Box<V> {
  value: V | undefined
}

/**
 * A map for what comes and goes with requests. V8 leaves the former table of a Map, with all that was in it, pointing to the one
 * that follows: one that has grown old keeps all later ones, and what was ever in them, until the next full collection. Here
 * tables hold boxes, which are empty once their key is deleted.
 */
export class UnderWay<K, V extends object> {
  readonly #boxes = new Map<K, Box<V>>()

  get size(): number {
    return this.#boxes.size
  }

  get(key: K): V | undefined {
    return this.#boxes.get(key)?.value
  }

  has(key: K): boolean {
    return this.#boxes.has(key)
  }

  /** A key that is there already keeps its place. */
  set(key: K, value: V): void {
    const box = this.#boxes.get(key)
    if (box === undefined) this.#boxes.set(key, { value })
    else box.value = value
  }

  delete(key: K): void {
    const box = this.#boxes.get(key)
    if (box === undefined) return
    box.value = undefined
    this.#boxes.delete(key)
  }

  clear(): void {
    for (const key of this.#boxes.keys()) this.delete(key)
  }

  /** In the order they came; as of a Map, with what comes meanwhile. */
  *values(): Generator<V, void> {
    for (const { value } of this.#boxes.values()) if (value !== undefined) yield value
  }
}
