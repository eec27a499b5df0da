/** What a token says, once its signature holds: whose it is, for whom, and from when until when (RFC 7519 §4.1). */

import type { Principal, TokenFault } from './authenticator.ts'
import { type JsonObject, parseJsonObject } from './json-object.ts'

export interface ClaimsExpected {
  /** Who may have issued it: one of these. Undefined: anybody. */
  readonly issuer?: readonly string[] | undefined
  /** Whom it has to be for: at least one of these. Undefined: anybody. */
  readonly audience?: readonly string[] | undefined
  /** How far clocks may be apart. */
  readonly leewayMs: number
  readonly requireExp: boolean
}

/** A token that has passed everything but the clock, which every request asks anew. */
export interface VerifiedToken {
  readonly principal: Principal
  /** Good from here, leeway included; -Infinity without `nbf`. */
  readonly fromMs: number
  /** Good before this, leeway included; Infinity without `exp`. */
  readonly untilMs: number
}

export function readClaims(payload: Uint8Array, expected: ClaimsExpected): VerifiedToken | TokenFault {
  const claims = parseJsonObject(payload)
  if (claims === undefined || !isWellTyped(claims)) return 'malformed'
  const { iss, aud, sub, username, exp, nbf } = claims
  if (exp === undefined && expected.requireExp) return 'no-expiry'
  if (expected.issuer !== undefined && !expected.issuer.some((name) => name === iss)) return 'issuer'
  if (expected.audience !== undefined && !expected.audience.some((name) => isFor(name, aud))) return 'audience'
  return {
    principal: { subject: sub ?? (typeof username === 'string' ? username : undefined), claims },
    fromMs: nbf === undefined ? Number.NEGATIVE_INFINITY : nbf * 1000 - expected.leewayMs,
    untilMs: exp === undefined ? Number.POSITIVE_INFINITY : exp * 1000 + expected.leewayMs,
  }
}

/** Undefined when the token is good now. */
export function judgeTimes({ fromMs, untilMs }: VerifiedToken, nowMs: number): 'expired' | 'not-yet' | undefined {
  if (nowMs >= untilMs) return 'expired'
  return nowMs < fromMs ? 'not-yet' : undefined
}

interface RegisteredClaims extends JsonObject {
  readonly iss?: string
  readonly sub?: string
  readonly aud?: string | readonly string[]
  /** Seconds since 1970, with fractions (RFC 7519 §2, NumericDate). */
  readonly exp?: number
  readonly nbf?: number
  readonly iat?: number
  /** Of no register: older issuers name the subject so. */
  readonly username?: unknown
}

/** Claims we judge by have the type that RFC 7519 §4.1 gives them, or are absent; `null` is not absence. */
function isWellTyped(claims: JsonObject): claims is RegisteredClaims {
  const { iss, sub, aud, exp, nbf, iat } = claims
  return (
    [iss, sub].every((claim) => claim === undefined || typeof claim === 'string') &&
    // 1e400 is valid JSON and, read by us, no number at all.
    [exp, nbf, iat].every((claim) => claim === undefined || Number.isFinite(claim)) &&
    (aud === undefined || [aud].flat().every((name) => typeof name === 'string'))
  )
}

function isFor(name: string, aud: string | readonly string[] | undefined): boolean {
  return typeof aud === 'string' ? aud === name : aud?.includes(name) === true
}
