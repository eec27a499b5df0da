/** Callers who bring a signed token (JWT, RFC 7519, as JWS, RFC 7515). */

import { compactVerify, errors } from 'jose'
import type { Clock } from '../base/clock.ts'
import type { ProxyRequest } from '../http/messages.ts'
import type { Authenticator, AuthResult, TokenFault } from './authenticator.ts'
import { type ClaimsExpected, judgeTimes, readClaims, type VerifiedToken } from './claims-set.ts'
import { readKeyHint } from './compact-token.ts'
import type { KeyHint, KeySet, VerificationKey } from './key-set.ts'
import { createTokenReader, type TokenReader, type TokenSource } from './token-sources.ts'
import { boundsWithin, VerifiedTokens } from './verified-tokens.ts'

export interface JwtOptions extends ClaimsExpected {
  /** Closed by whoever made it. */
  readonly keys: KeySet
  readonly sources: readonly TokenSource[]
  /** What remembering verified tokens may take. Absent: what ten thousand of them do. */
  readonly rememberedBytes?: number
}

/** Twice what servers commonly take for all header fields together. */
const maxTokenChars = 16 * 1024
const maxShared = 1000

export class JwtAuthenticator implements Authenticator {
  readonly #expected: ClaimsExpected
  readonly #keys: KeySet
  readonly #clock: Clock
  readonly #tokenOf: TokenReader
  readonly #verified: VerifiedTokens
  /** By key generation and token: requests that arrive together with one new token share one signature check. */
  readonly #underWay = new Map<string, Promise<AuthResult>>()

  constructor(options: JwtOptions, clock: Clock) {
    this.#expected = options
    this.#keys = options.keys
    this.#clock = clock
    this.#tokenOf = createTokenReader(options.sources)
    const { rememberedBytes } = options
    this.#verified = new VerifiedTokens(rememberedBytes === undefined ? undefined : boundsWithin(rememberedBytes))
  }

  /** What it remembers takes about so much. */
  get bytes(): number {
    return this.#verified.bytes
  }

  authenticate(request: ProxyRequest): AuthResult | Promise<AuthResult> {
    const token = this.#tokenOf(request)
    if (token === undefined) return { kind: 'no-token' }
    if (token.length > maxTokenChars) return rejected('malformed')
    const known = this.#verified.get(token, this.#keys.generation)
    if (known !== undefined) return this.#judge(token, known)
    const hint = readKeyHint(token)
    return typeof hint === 'string' ? rejected(hint) : this.#share(token, hint)
  }

  /** Every request asks the clock, with a remembered token too. */
  #judge(token: string, verified: VerifiedToken): AuthResult {
    const fault = judgeTimes(verified, this.#clock.now())
    if (fault === 'expired') this.#verified.remove(token)
    return fault === undefined ? { kind: 'principal', principal: verified.principal } : rejected(fault)
  }

  #share(token: string, hint: KeyHint): Promise<AuthResult> {
    const key = `${this.#keys.generation} ${token}`
    const joined = this.#underWay.get(key)
    if (joined !== undefined) return joined
    const result = this.#verify(token, hint)
    if (this.#underWay.size >= maxShared) return result
    this.#underWay.set(key, result)
    const over = () => this.#underWay.delete(key)
    void result.then(over, over)
    return result
  }

  async #verify(token: string, hint: KeyHint): Promise<AuthResult> {
    const { generation } = this.#keys
    const candidates = await this.#keys.candidates(hint)
    if (candidates === 'none-yet') return { kind: 'no-keys' }
    if (candidates.length === 0) return rejected('unknown-key')
    const payload = await signedPayload(token, candidates)
    if (payload === undefined) return rejected('bad-signature')
    const verified = readClaims(payload, this.#expected)
    if (typeof verified === 'string') return rejected(verified)
    // Keys that changed since it began may have lost the one that verified it.
    if (generation === this.#keys.generation) this.#verified.put(token, generation, verified)
    return this.#judge(token, verified)
  }
}

/** Undefined when none of the keys has signed it. */
async function signedPayload(token: string, keys: readonly VerificationKey[]): Promise<Uint8Array | undefined> {
  for (const { key, algorithm } of keys) {
    try {
      return (await compactVerify(token, key, { algorithms: [algorithm] })).payload
    } catch (error) {
      // Translated: another key may have signed it. What is no verdict of jose's is a bug.
      if (!(error instanceof errors.JOSEError)) throw error
    }
  }
  return undefined
}

function rejected(fault: TokenFault): AuthResult {
  return { kind: 'rejected', fault }
}
