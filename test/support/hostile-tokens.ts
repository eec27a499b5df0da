/** Tokens that nobody may be let in with, and why: a table for every test that has something to refuse. */
import type { TokenFault } from '../../src/access/authenticator.ts'
import { hostileAlgorithms } from './hostile-algorithms.ts'
import { hostileClaims } from './hostile-claims.ts'
import { hostileHeaders } from './hostile-headers.ts'
import { hostileShapes } from './hostile-shapes.ts'
import { hostileSignatures } from './hostile-signatures.ts'
import type { TokenKeys } from './token-keys.ts'

export type HostileToken = readonly [title: string, token: string, fault: TokenFault]

/** For a verifier with `trustedKeys(keys)` and what is `wanted`, when it is `nowMs`. Titles are unique. */
export function hostileTokens(keys: TokenKeys, nowMs: number): readonly HostileToken[] {
  return [
    ...hostileAlgorithms(keys, nowMs),
    ...hostileHeaders(keys, nowMs),
    ...hostileSignatures(keys, nowMs),
    ...hostileShapes(keys, nowMs),
    ...hostileClaims(keys, nowMs),
  ]
}

/** A field value of HTTP brings the token as it is: no white space, nothing beyond ASCII, short enough for any server. */
export function travelsInHeader(token: string): boolean {
  return /^[\x21-\x7e]{1,4000}$/.test(token)
}
