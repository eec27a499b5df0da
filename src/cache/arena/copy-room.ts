/** An ArrayBuffer of its own costs 1 µs, a piece of one 0.1 µs. */
const roomBytes = 65_536
const largestPiece = 4096

/** Memory for copies that are needed for a moment. */
export class CopyRoom {
  #room = new ArrayBuffer(0)
  #used = 0

  /** Not zeroed. Small pieces share an ArrayBuffer, which lives as long as one of them. */
  take(length: number): Uint8Array {
    if (length > largestPiece) return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
    if (this.#used + length > this.#room.byteLength) {
      this.#room = new ArrayBuffer(roomBytes)
      this.#used = 0
    }
    const piece = new Uint8Array(this.#room, this.#used, length)
    this.#used += length
    return piece
  }
}
