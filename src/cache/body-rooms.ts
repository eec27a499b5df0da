/**
 * Rooms for bodies that are only to be sent: those read from a file, and slices that a tier has a copy of. A new one for each made
 * V8 mark the whole heap after every few hundred: at 100 KiB that was more than half of the CPU of a hit.
 */

import { lentBuffer } from '../base/lent-bytes.ts'

/** Less is not worth a loan. */
const leastBytes = 16 * 1024
/** Rooms come in multiples of this. */
const stepBytes = 16 * 1024
/** For 160 bodies of 100 KiB. */
const usualIdleBytes = 16 * 1024 * 1024

export interface Room {
  readonly bytes: Uint8Array
  /** May be called twice. The bytes are another's from then on. */
  readonly release: () => void
}

export interface Rooms {
  /** Undefined: not worth it, or there is no body. */
  take(bytes: number): Room | undefined
}

export class BodyRooms implements Rooms {
  readonly #mostIdleBytes: number
  readonly #idle = new Map<number, ArrayBuffer[]>()
  #idleBytes = 0

  /** `mostIdleBytes`: of rooms that wait for the next body. */
  constructor(mostIdleBytes = usualIdleBytes) {
    this.#mostIdleBytes = mostIdleBytes
  }

  take(bytes: number): Room | undefined {
    if (bytes < leastBytes) return undefined
    const size = Math.ceil(bytes / stepBytes) * stepBytes
    const buffer = this.#takeIdle(size) ?? lentBuffer(size)
    let isOut = true
    const release = () => {
      if (isOut) this.#giveBack(buffer)
      isOut = false
    }
    return { bytes: new Uint8Array(buffer, 0, bytes), release }
  }

  #takeIdle(size: number): ArrayBuffer | undefined {
    const buffer = this.#idle.get(size)?.pop()
    if (buffer !== undefined) this.#idleBytes -= size
    return buffer
  }

  #giveBack(buffer: ArrayBuffer): void {
    const size = buffer.byteLength
    if (!this.#hasPlace(size)) return
    this.#idleBytes += size
    const same = this.#idle.get(size)
    if (same === undefined) this.#idle.set(size, [buffer])
    else same.push(buffer)
  }

  /** What is read now is of this size: rooms of others, which nobody may ask for again, go first. */
  #hasPlace(size: number): boolean {
    for (const [other, buffers] of this.#idle) {
      if (other === size) continue
      while (this.#idleBytes + size > this.#mostIdleBytes && buffers.pop() !== undefined) this.#idleBytes -= other
    }
    return this.#idleBytes + size <= this.#mostIdleBytes
  }
}
