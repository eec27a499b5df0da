/** Tokens whose signature has been checked, so that it is checked once. */

import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { VerifiedToken } from './claims-set.ts'

export interface VerifiedTokensBounds {
  readonly maxTokens: number
  /** Of token text. What is kept of a token by its digest takes about one and a half times as much memory. */
  readonly maxChars: number
}

const defaultBounds: VerifiedTokensBounds = { maxTokens: 10_000, maxChars: 8 * 1024 * 1024 }
/** By digest a token takes one and a half times its text, and those used last have their text beside it: half as much again. */
const bytesPerChar = 2
/** Of tokens that say something. Shorter ones take less than this many would. */
const charsPerToken = 800
/**
 * Tokens used last are found by their text: with 626 characters that takes 0.3 µs, and by digest 3 µs, of which SHA-256 is
 * more than one. Measured on Node 26, two cores.
 */
const latestBounds: VerifiedTokensBounds = { maxTokens: 4096, maxChars: 4 * 1024 * 1024 }

/** For tokens and what is known of them, to take so much memory. */
export function boundsWithin(bytes: number): VerifiedTokensBounds {
  const maxChars = Math.max(1, Math.floor(bytes / bytesPerChar))
  return { maxChars, maxTokens: Math.max(1, Math.floor(maxChars / charsPerToken)) }
}

/** The memory of one verifier: what it holds is worth nothing to another one with other keys or other expectations. */
export class VerifiedTokens {
  readonly #byDigest: LRUCache<string, VerifiedToken>
  readonly #latest: LRUCache<string, VerifiedToken>
  /** Of the key set: everything remembered was verified under it. */
  #generation = 0

  constructor({ maxTokens, maxChars } = defaultBounds) {
    this.#byDigest = new LRUCache({ max: maxTokens, maxSize: maxChars })
    this.#latest = new LRUCache({
      max: Math.min(maxTokens, latestBounds.maxTokens),
      maxSize: Math.min(maxChars, latestBounds.maxChars),
    })
  }

  /** Whether the token is still, or already, good is for the caller to judge. */
  get(token: string, generation: number): VerifiedToken | undefined {
    this.#turnTo(generation)
    const latest = this.#latest.get(token)
    if (latest !== undefined || this.#byDigest.size === 0) return latest
    const known = this.#byDigest.get(digestOf(token))
    if (known !== undefined) this.#keepAtHand(token, known)
    return known
  }

  put(token: string, generation: number, verified: VerifiedToken): void {
    this.#turnTo(generation)
    this.#byDigest.set(digestOf(token), verified, { size: token.length })
    this.#keepAtHand(token, verified)
  }

  /** About what they take. */
  get bytes(): number {
    return (this.#byDigest.calculatedSize * 3) / 2 + this.#latest.calculatedSize
  }

  remove(token: string): void {
    this.#latest.delete(token)
    this.#byDigest.delete(digestOf(token))
  }

  #turnTo(generation: number): void {
    if (generation === this.#generation) return
    this.#generation = generation
    this.#byDigest.clear()
    this.#latest.clear()
  }

  #keepAtHand(token: string, verified: VerifiedToken): void {
    // A copy, since a token cut out of a field would keep the whole field in memory.
    this.#latest.set(Buffer.from(token, 'latin1').toString('latin1'), verified, { size: token.length })
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64')
}
