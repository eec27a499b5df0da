/** The only maker of `Allowed`, without which no object is opened. */

import { ProxyError } from '../base/errors.ts'
import type { Caller } from './authenticator.ts'
import type { ClaimRule } from './claim-rules.ts'

/** Proof that a caller may read what a route serves. Its private field makes the type nominal, and its class stays here. */
export type Allowed = Permit

class Permit {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  get caller(): Caller {
    return this.#caller
  }
}

const everybody: Allowed = new Permit({ kind: 'anonymous' })

export interface Authorizer {
  /** Throws `ClaimDenied`, or `TokenRequired` for a caller nobody knows. */
  authorize(caller: Caller): Allowed
}

/** The first rule that does not hold. */
export type ClaimCheck = (claims: Readonly<Record<string, unknown>>) => ClaimRule | undefined

/** For a protected route: every rule has to hold, judged on every request. */
export function createAuthorizer(check: ClaimCheck): Authorizer {
  return {
    authorize(caller) {
      if (caller.kind === 'anonymous') throw new ProxyError('TokenRequired', 'a caller without a token')
      const failing = check(caller.principal.claims)
      if (failing !== undefined) throw new ProxyError('ClaimDenied', `claim ${failing.claim} ${failing.operator}`)
      return new Permit(caller)
    },
  }
}

/** For a route that asks for no token. */
export const publicAuthorizer: Authorizer = {
  authorize: () => everybody,
}
