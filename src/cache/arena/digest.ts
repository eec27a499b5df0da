import { hash } from 'node:crypto'
import type { RecordId } from '../../base/types.ts'
import { wholeOf } from '../cache-key.ts'

/**
 * What the arena knows a record by, five words: 128 bits of its id, and 32 of the object that it is a part of, so that all
 * parts of an object lie in one stripe of the index.
 */
export type Digest = Int32Array

/** Where the object's word is in it. */
export const objectWord = 4

/** SHA-256 under a secret of the process: nobody can make up keys that fall together. 0.4 µs, for a part of an object twice that. */
export class Digester {
  readonly #secret: string

  constructor(secret: Int32Array) {
    this.#secret = Buffer.from(new Uint8Array(secret.slice().buffer)).toString('hex')
  }

  of(id: RecordId): Digest {
    const digest = new Int32Array(5)
    const text = hash('sha256', this.#secret + id, 'binary')
    for (let word = 0; word < 5; word++) digest[word] = wordAt(text, word)
    const whole = wholeOf(id)
    if (whole !== id) digest[objectWord] = this.objectWordOf(whole)
    return digest
  }

  /** `whole`: see `wholeOf`. */
  objectWordOf(whole: RecordId): number {
    return wordAt(hash('sha256', this.#secret + whole, 'binary'), objectWord)
  }
}

function wordAt(text: string, word: number): number {
  const at = word * 4
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  )
}
