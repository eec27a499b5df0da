import type { Room, Rooms } from '../cache/body-rooms.ts'

/** A slice whose bytes stay where they are until `release` is called, which may be called twice. */
export interface HeldFill {
  readonly fill: SliceFill
  readonly release: () => void
}

/**
 * One slice while its bytes arrive. Keeps them all, so that any number of readers can follow at their own pace. Its bytes may
 * lie in a room that the next slice gets: each who looks at them holds it, and looks no more when it has let go.
 */
export class SliceFill {
  readonly size: number
  readonly #rooms: Rooms | undefined
  #room: Room | undefined
  #bytes: Uint8Array | undefined
  #holders = 0
  #filled = 0
  #failure: Error | undefined
  readonly #waiting = new Set<() => void>()

  /** `rooms`: where bytes can be that nobody keeps. */
  constructor(size: number, rooms?: Rooms) {
    this.size = size
    this.#rooms = rooms
  }

  hold(): HeldFill {
    this.#holders++
    let isHeld = true
    const release = () => {
      if (isHeld && --this.#holders === 0) this.#vacate()
      isHeld = false
    }
    return { fill: this, release }
  }

  get isComplete(): boolean {
    return this.#filled === this.size
  }

  /** How many bytes are there. */
  get filled(): number {
    return this.#filled
  }

  get isEmpty(): boolean {
    return this.#filled === 0
  }

  /** The whole slice. Only when complete, and held; nobody writes to it again. */
  get bytes(): Uint8Array {
    if (!this.isComplete || this.#bytes === undefined) throw new Error('slice is not complete')
    return this.#bytes
  }

  /**
   * Takes what fits of `chunk` from `offset` on and returns how many bytes that was. The bytes are copied into a buffer of
   * the slice's exact size, so that what the cache keeps never holds on to a socket's buffers.
   */
  append(chunk: Uint8Array, offset: number): number {
    this.#bytes ??= this.#place()
    const count = Math.min(chunk.length - offset, this.size - this.#filled)
    this.#bytes.set(chunk.subarray(offset, offset + count), this.#filled)
    this.#filled += count
    this.#wakeAll()
    return count
  }

  /** Readers get what has arrived, then this error. */
  fail(failure: Error): void {
    if (this.isComplete) return
    this.#failure = failure
    this.#wakeAll()
  }

  /** Resolves once more than `count` bytes are there. Rejects with the failure, or with the signal's reason. */
  async arrived(count: number, signal: AbortSignal): Promise<void> {
    while (this.#filled <= count) {
      if (this.#failure !== undefined) throw this.#failure
      signal.throwIfAborted()
      await this.#nextArrival(signal)
    }
  }

  /** Bytes `from` to `to` (exclusive) of the slice as they come. */
  async *read(from: number, to: number, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
    for (let at = from; at < to; ) {
      await this.arrived(at, signal)
      const end = Math.min(to, this.#filled)
      const start = at
      at = end
      if (this.#bytes === undefined) throw new Error('a slice is read that nobody holds')
      yield this.#bytes.subarray(start, end)
    }
  }

  #place(): Uint8Array {
    this.#room = this.#rooms?.take(this.size)
    return this.#room?.bytes ?? Buffer.allocUnsafeSlow(this.size)
  }

  #vacate(): void {
    this.#bytes = undefined
    this.#room?.release()
    this.#room = undefined
  }

  #nextArrival(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake()
  }
}
