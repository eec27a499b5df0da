/** The outside of a token, before anybody has vouched for it: three parts in one spelling, and a header that asks for nothing unknown. */

import { parseJsonObject } from './json-object.ts'
import { type Algorithm, algorithms, type KeyHint } from './key-set.ts'

const known: ReadonlySet<string> = new Set(algorithms)

/**
 * RFC 7515 §7.1, less what is optional: no extensions, no detached or unencoded payload. Keys that a header brings along
 * or points to (`jwk`, `jku`, `x5c`, `x5u`) are not looked at.
 */
export function readKeyHint(token: string): KeyHint | 'malformed' | 'algorithm' {
  const parts = token.split('.', 4)
  const [header, payload = '', signature = ''] = parts
  const members = header === undefined || parts.length !== 3 ? undefined : parseHeader(header)
  if (members === undefined) return 'malformed'
  const { alg, kid } = members
  if (typeof alg !== 'string' || (kid !== undefined && typeof kid !== 'string')) return 'malformed'
  if (!isAlgorithm(alg)) return 'algorithm'
  return isBase64url(payload) && isBase64url(signature) ? { algorithm: alg, id: kid } : 'malformed'
}

interface HeaderMembers {
  readonly alg?: unknown
  readonly kid?: unknown
}

function parseHeader(part: string): HeaderMembers | undefined {
  if (!isBase64url(part)) return undefined
  const members = parseJsonObject(Buffer.from(part, 'base64url'))
  // RFC 7515 §4.1.11: whoever does not understand an extension that `crit` names rejects the token, and we understand
  // none. RFC 7797 §7 keeps `b64` out of JWTs.
  return members === undefined || 'crit' in members || 'b64' in members ? undefined : members
}

function isAlgorithm(name: string): name is Algorithm {
  return known.has(name)
}

/** Decoders skip what is not in the alphabet, padding, and bits left over at the end; then one token has many spellings. */
function isBase64url(part: string): boolean {
  return part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part
}
