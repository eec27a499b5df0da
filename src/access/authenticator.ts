/** Who is asking: the answer an `Authenticator` has for a request. */

import type { ProxyRequest } from '../http/messages.ts'

/** What a verified token says of its bearer. */
export interface Principal {
  /** `sub`, else `username`; undefined when the token has neither. */
  readonly subject: string | undefined
  /** Everything the token says, as parsed. */
  readonly claims: Readonly<Record<string, unknown>>
}

export type Caller = { readonly kind: 'anonymous' } | { readonly kind: 'principal'; readonly principal: Principal }

/** Why a token was turned down: for logs and metrics, never told to the client. */
export type TokenFault =
  | 'malformed'
  | 'algorithm'
  | 'unknown-key'
  | 'bad-signature'
  | 'expired'
  | 'not-yet'
  | 'no-expiry'
  | 'issuer'
  | 'audience'

export type AuthResult =
  | Extract<Caller, { kind: 'principal' }>
  /** No source of the request holds a token. */
  | { readonly kind: 'no-token' }
  | { readonly kind: 'rejected'; readonly fault: TokenFault }
  /** There is a token, and no key has been had yet to judge it by. */
  | { readonly kind: 'no-keys' }

export interface Authenticator {
  /** At once for a token that is remembered; a promise where a signature has to be checked or keys to be fetched. Never rejects for what a client sent. */
  authenticate(request: ProxyRequest): AuthResult | Promise<AuthResult>
}
