/** Tokens as an identity provider would sign them. */
import { type JWTPayload, SignJWT } from 'jose'

export const tokenSecret = 'a secret of thirty-two bytes, or more'

/** What a bucket protected by `tokenSecret` says in its `jwt`. */
export const hs256 = { algorithm: 'HS256', secret: tokenSecret }

/** Runs for an hour from the beginning of the tests' time, 2026-01-01, unless the claims say otherwise. */
export function signedToken(claims: JWTPayload = {}, secret = tokenSecret): Promise<string> {
  const { exp = Date.UTC(2026, 0, 1, 1) / 1000 } = claims
  return new SignJWT({ ...claims, exp }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret))
}

/** For proxies whose clock is the system's. */
export const lasting: JWTPayload = { exp: Date.UTC(2100, 0, 1) / 1000 }

export async function bearer(claims: JWTPayload = {}, secret = tokenSecret) {
  return { headers: { authorization: `Bearer ${await signedToken(claims, secret)}` } }
}
