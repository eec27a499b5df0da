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

const operator: Allowed = new Permit({ kind: 'anonymous' })

/** For what whoever runs this proxy has ordered it to read. Never for a client's request, whatever the client may do. */
export function allowOperator(): Allowed {
  return operator
}

export interface Authorizer {
  /** Throws `ClaimDenied`, or `TokenRequired` for a caller nobody knows. */
  authorize(caller: Caller): Allowed
  /** The first rule that what is known of the caller breaks. */
  failing(caller: Caller): ClaimRule | undefined
}

/** The first rule that does not hold. */
export type ClaimCheck = (claims: Readonly<Record<string, unknown>>) => ClaimRule | undefined

/** For a protected route: every rule has to hold, judged on every request. */
export function createAuthorizer(check: ClaimCheck): Authorizer {
  const failing = (caller: Caller) => (caller.kind === 'anonymous' ? undefined : check(caller.principal.claims))
  return {
    authorize(caller) {
      if (caller.kind === 'anonymous') throw new ProxyError('TokenRequired', 'a caller without a token')
      const rule = failing(caller)
      if (rule !== undefined) throw new ProxyError('ClaimDenied', `claim ${rule.claim} ${rule.operator}`)
      return new Permit(caller)
    },
    failing,
  }
}

/** For a route that asks for no token. */
export const publicAuthorizer: Authorizer = {
  authorize: () => everybody,
  failing: () => undefined,
}
