/** The keys tokens are verified with, and the algorithm each of them is for. */

import type { KeyObject } from 'node:crypto'

/** RFC 7518 §3.1, RFC 8037 §3.1. */
export const algorithms = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'ES256',
  'ES384',
  'EdDSA',
] as const

export type Algorithm = (typeof algorithms)[number]

/** A key verifies only its own algorithm. */
export interface VerificationKey {
  /** The `kid` tokens name it by; one without is tried for any token of its algorithm. */
  readonly id: string | undefined
  readonly algorithm: Algorithm
  readonly key: KeyObject
}

/** What a token's header says about its key; nobody has vouched for it yet. */
export interface KeyHint {
  readonly algorithm: string
  readonly id: string | undefined
}

export interface KeySet {
  /** Changes whenever keys come or go, so that what was verified with the old ones is forgotten. */
  readonly generation: number
  /**
   * The keys to try for a token. Empty: none fits. 'none-yet': there has not been any key so far. A promise where an
   * unknown `kid` may have set off a fetch.
   */
  candidates(hint: KeyHint): KeyCandidates | Promise<KeyCandidates>
  close(): Promise<void>
}

export type KeyCandidates = readonly VerificationKey[] | 'none-yet'
