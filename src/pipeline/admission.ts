/** Who may come in, before and after it is known who it is: addresses, then how often, then tokens and what they say. */

import type { Authenticator, AuthResult, Caller } from '../access/authenticator.ts'
import { type Authorizer, publicAuthorizer } from '../access/authorizer.ts'
import { ProxyError } from '../base/errors.ts'
import type { Trace } from '../base/trace.ts'
import { addressBlock } from '../limits/address-block.ts'
import type { Charge, Limit, RateLimiter, Verdict } from '../limits/rate-limiter.ts'
import type { Routed } from './route.ts'

/** What a route asks of those who come to it. */
export interface Admission {
  /** Undefined: every address may come. */
  readonly admits: ((address: string) => boolean) | undefined
  /** Undefined: nobody is asked for a token. */
  readonly authenticator: Authenticator | undefined
  readonly authorizer: Authorizer
  readonly limits: RouteLimits | undefined
}

/** Of a route that everybody may read, as often as they like. */
export const openDoor: Admission = {
  admits: undefined,
  authenticator: undefined,
  authorizer: publicAuthorizer,
  limits: undefined,
}

export interface RouteLimits {
  readonly limiter: RateLimiter
  /** Charged to the address, or to everybody, before the token is looked at. */
  readonly early: readonly Limit[]
  /** Charged to whom the token names. */
  readonly perUser: readonly Limit[]
}

/** Throws `AddressDenied` or `RateLimited`. A promise only where somebody outside this process keeps count. */
export function admit({ request, route }: Routed, trace: Trace): Promise<void> | undefined {
  const { admits, limits } = route.admission
  const { clientAddress } = request
  if (admits !== undefined && !admits(clientAddress)) {
    throw new ProxyError('AddressDenied', 'the lists of the bucket keep this address out')
  }
  if (limits === undefined || limits.early.length === 0) return undefined
  const block = addressBlock(clientAddress)
  return charge(
    limits.limiter,
    limits.early.map((limit) => ({ limit, who: isPerAddress(limit) ? block : '' })),
    trace,
  )
}

const anonymous: Caller = { kind: 'anonymous' }

/** Throws `TokenRequired`, `TokenInvalid` or `KeysUnavailable`. A promise only for a token seen for the first time. */
export function authenticate({ request, route }: Routed, trace: Trace): Caller | Promise<Caller> {
  const { authenticator } = route.admission
  if (authenticator === undefined) return anonymous
  const step = trace.timeline?.begin('authenticate')
  const result = authenticator.authenticate(request)
  if (result instanceof Promise) {
    return result.then((late) => {
      step?.end()
      return callerOf(late, trace)
    })
  }
  step?.end()
  return callerOf(result, trace)
}

function callerOf(result: AuthResult, trace: Trace): Caller {
  switch (result.kind) {
    case 'principal':
      trace.auth = 'verified'
      trace.subject = result.principal.subject
      return result
    case 'no-token':
      trace.auth = 'no-token'
      throw new ProxyError('TokenRequired', 'no token in any of the sources')
    case 'no-keys':
      trace.auth = 'no-keys'
      throw new ProxyError('KeysUnavailable', 'no key has been fetched yet')
    default:
      trace.auth = result.fault
      throw new ProxyError('TokenInvalid', `token turned down: ${result.fault}`)
  }
}

/** Throws `RateLimited`. */
export function admitUser({ route }: Routed, caller: Caller, trace: Trace): Promise<void> | undefined {
  const { limits } = route.admission
  if (limits === undefined || limits.perUser.length === 0 || caller.kind === 'anonymous') return undefined
  // Tokens without a name share one count: leaving the name out buys nobody anything.
  const who = caller.principal.subject ?? ''
  return charge(
    limits.limiter,
    limits.perUser.map((limit) => ({ limit, who })),
    trace,
  )
}

function isPerAddress({ scope }: Limit): boolean {
  return scope === 'per_ip' || scope === 'bucket_per_ip'
}

function charge(limiter: RateLimiter, charges: readonly Charge[], trace: Trace): Promise<void> | undefined {
  const step = trace.timeline?.begin('admit')
  const verdict = limiter.charge(charges)
  if (verdict instanceof Promise) {
    return verdict.then((late) => {
      step?.end()
      expectAllowed(late, trace)
    })
  }
  step?.end()
  expectAllowed(verdict, trace)
  return undefined
}

function expectAllowed(verdict: Verdict, trace: Trace): void {
  if (verdict.kind === 'allowed') return
  const { scope, limit, remaining, resetSeconds, retryAfterSeconds } = verdict
  trace.limit = scope
  const fields = ['RateLimit-Limit', `${limit}`, 'RateLimit-Remaining', `${remaining}`, 'RateLimit-Reset']
  throw new ProxyError('RateLimited', `over the ${scope} limit`, {
    retryAfterSeconds,
    fields: [...fields, `${resetSeconds}`],
  })
}
