/** JSON as RFC 7515 §4 and RFC 7519 §4 want it: an object whose members all have names of their own. */

export type JsonObject = Readonly<Record<string, unknown>>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Undefined when the bytes are anything else. */
export function parseJsonObject(bytes: Uint8Array): JsonObject | undefined {
  let text: string
  let value: unknown
  try {
    text = utf8.decode(bytes)
    value = JSON.parse(text)
  } catch {
    return undefined // translated: neither UTF-8 nor JSON is one answer to the caller
  }
  if (!isObject(value)) return undefined
  // JSON.parse keeps the last of two members with one name where others keep the first: two readers of one token would
  // see two tokens. What was written and was not kept is such a member.
  return membersIn(text) === membersOf(value) ? value : undefined
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const stringLiteral = /"[^"\\]*(?:\\.[^"\\]*)*"/g

/** In valid JSON a colon that is in no string stands behind each member's name. */
function membersIn(text: string): number {
  return text.replaceAll(stringLiteral, '').split(':').length - 1
}

/** At every depth. Without recursion, since depth is the sender's to choose. */
function membersOf(root: JsonObject): number {
  let count = 0
  const values: unknown[] = [root]
  for (const value of values) {
    if (typeof value !== 'object' || value === null) continue
    const inner: unknown[] = Object.values(value)
    if (!Array.isArray(value)) count += inner.length
    for (const member of inner) values.push(member)
  }
  return count
}
