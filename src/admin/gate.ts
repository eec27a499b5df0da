/** Who administers: the bearer of a token whose claims one of the gates accepts. */

import type { AuthResult, Principal } from '../access/authenticator.ts'
import { ProxyError } from '../base/errors.ts'
import type { Trace } from '../base/trace.ts'
import type { ProxyRequest } from '../http/messages.ts'
import type { AdminAccess, Gate } from './ports.ts'

/** What somebody may administer, who may administer something. */
export class Administrator {
  readonly #hasEverything: boolean
  readonly #buckets: ReadonlySet<string>

  constructor(hasEverything: boolean, buckets: ReadonlySet<string>) {
    this.#hasEverything = hasEverything
    this.#buckets = buckets
  }

  may(bucket: string): boolean {
    return this.#hasEverything || this.#buckets.has(bucket)
  }

  /** Throws `ClaimDenied`. */
  expectEverything(): void {
    if (!this.#hasEverything) throw new ProxyError('ClaimDenied', 'the token administers single buckets alone')
  }

  /** Every bucket of a list; without a list, everything. Throws `ClaimDenied`. */
  expectBuckets(buckets: readonly string[] | undefined): void {
    if (buckets === undefined) this.expectEverything()
    else if (!buckets.every((bucket) => this.may(bucket))) {
      throw new ProxyError('ClaimDenied', 'the token does not administer this bucket')
    }
  }
}

/** Throws `TokenRequired`, `TokenInvalid`, `KeysUnavailable` or `ClaimDenied`. */
export async function identify(request: ProxyRequest, access: AdminAccess, trace: Trace): Promise<Administrator> {
  const judged = await new Judgements(request).all(access)
  trace.auth = judged.outcome
  const { principal } = judged
  if (principal === undefined) throw refusal(judged.outcome)
  trace.subject = principal.subject
  const { hasEverything, buckets } = judged
  if (!hasEverything && buckets.size === 0) throw new ProxyError('ClaimDenied', 'the token administers nothing')
  return new Administrator(hasEverything, buckets)
}

interface Judged {
  /** For logs and metrics. A closed set of words. */
  readonly outcome: string
  /** Whose token verified; of several key sets' views, that of one whose claims held. */
  readonly principal: Principal | undefined
  readonly hasEverything: boolean
  readonly buckets: ReadonlySet<string>
}

/** One request before every gate. A key set that several gates share looks at the token once. */
class Judgements {
  readonly #request: ProxyRequest
  readonly #results = new Map<Gate['authenticator'], Promise<AuthResult>>()
  #verified: Principal | undefined
  #accepted: Principal | undefined

  constructor(request: ProxyRequest) {
    this.#request = request
  }

  async all({ everything, buckets }: AdminAccess): Promise<Judged> {
    const hasEverything = await this.#opens(everything)
    const own = new Set<string>()
    for (const [bucket, gates] of buckets) if (await this.#opens(gates)) own.add(bucket)
    const principal = this.#accepted ?? this.#verified
    return { outcome: await this.#outcome(), principal, hasEverything, buckets: own }
  }

  /** Asks all of them: whoever holds a token that verifies is told 403, whichever keys it was. */
  async #opens(gates: readonly Gate[]): Promise<boolean> {
    let isOpen = false
    for (const { authenticator, rules, check } of gates) {
      const result = await this.#resultOf(authenticator)
      if (result.kind !== 'principal') continue
      this.#verified ??= result.principal
      if (rules.length === 0 || check(result.principal.claims) !== undefined) continue
      this.#accepted ??= result.principal
      isOpen = true
    }
    return isOpen
  }

  #resultOf(authenticator: Gate['authenticator']): Promise<AuthResult> {
    const known = this.#results.get(authenticator)
    if (known !== undefined) return known
    const result = Promise.resolve(authenticator.authenticate(this.#request))
    this.#results.set(authenticator, result)
    return result
  }

  async #outcome(): Promise<string> {
    if (this.#verified !== undefined) return 'verified'
    const results = await Promise.all(this.#results.values())
    if (results.some(({ kind }) => kind === 'no-keys')) return 'no-keys'
    const rejected = results.find((result) => result.kind === 'rejected')
    return rejected === undefined ? 'no-token' : rejected.fault
  }
}

function refusal(outcome: string): ProxyError {
  if (outcome === 'no-token') return new ProxyError('TokenRequired', 'no bearer token')
  if (outcome === 'no-keys') return new ProxyError('KeysUnavailable', 'no key has been fetched yet')
  return new ProxyError('TokenInvalid', `token turned down: ${outcome}`)
}
