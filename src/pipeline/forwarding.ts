import { isHopByHop } from '../base/header-list.ts'
import type { HeaderList } from '../base/types.ts'
import type { ProxyRequest } from '../http/messages.ts'

/** Client fields the origin never sees, whoever asks for them: credentials, what we answer ourselves, and what concerns one connection. */
const neverForwarded = new Set(
  'authorization cookie host range content-length content-type expect forwarded via x-correlation-id'.split(' '),
)

function mayForward(name: string): boolean {
  if (isHopByHop(name) || neverForwarded.has(name)) return false
  return !(name.startsWith('if-') || name.startsWith('x-forwarded-') || name.startsWith('x-amz-'))
}

/** Which of `names` (lower case) may be sent to the origin at all. `tokenFields`: in which the route looks for tokens. */
export function forwardable(names: readonly string[], tokenFields: readonly string[] = []): readonly string[] {
  return names.filter((name) => mayForward(name) && !tokenFields.includes(name))
}

/** The request's values of these fields, as the origin gets them. `names` come from `forwardable`. */
export function forwardedHeaders(request: ProxyRequest, names: readonly string[]): HeaderList {
  if (names.length === 0) return none
  const fields: string[] = []
  for (const name of names) {
    const value = request.header(name)
    if (value !== undefined) fields.push(name, value)
  }
  return fields
}

const none: HeaderList = []
