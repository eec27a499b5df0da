/** Queries and bodies of calls, read strictly: what is not understood is refused, and told by its place. */

import { type JsonObject, parseJsonObject } from '../access/json-object.ts'
import { ProxyError } from '../base/errors.ts'
import type { ProxyRequest } from '../http/messages.ts'

const maxBodyBytes = 1024 * 1024
const maxDepth = 32
const maxDetail = 300

/** `place`: such as `where.and[1].size.gt`. */
export function wrong(place: string, what: string): ProxyError {
  const detail = place === '' ? what : `${place}: ${what}`
  const shown = detail.length > maxDetail ? `${detail.slice(0, maxDetail).toWellFormed()}…` : detail
  return new ProxyError('InvalidArgument', shown, { detail: shown })
}

/** Undefined when there is no body. Whatever media type it says it is: JSON it has to be. Throws `InvalidArgument`. */
export async function readJson(request: ProxyRequest): Promise<JsonObject | undefined> {
  const bytes = await request.readBody(maxBodyBytes)
  if (bytes.length === 0) return undefined
  const body = parseJsonObject(bytes)
  if (body === undefined) throw wrong('', 'the body must be a JSON object, in UTF-8 and without repeated names')
  expectShallow(body)
  return body
}

/** Without recursion, since depth is the sender's to choose. */
function expectShallow(body: JsonObject): void {
  let level: unknown[] = [body]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) throw wrong('', `the body is nested more than ${maxDepth} levels deep`)
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []))
  }
}

/** Throws when it is none, or has other members than those known. */
export function objectAt(value: unknown, place: string, known: readonly string[]): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(place, 'must be an object')
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) throw wrong(memberOf(place, name), `is not known here; known are ${known.join(', ')}`)
  }
  return value as JsonObject
}

export function memberOf(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`
}

export function textAt(value: unknown, place: string): string {
  if (typeof value !== 'string') throw wrong(place, 'must be a text')
  if (!value.isWellFormed()) throw wrong(place, 'must be valid Unicode')
  return value
}

export function numberAt(value: unknown, place: string): number {
  // JSON's 1e999 is read as Infinity.
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(place, 'must be a number')
  return value
}

export function booleanAt(value: unknown, place: string): boolean {
  if (typeof value !== 'boolean') throw wrong(place, 'must be true or false')
  return value
}

/** Not empty. */
export function listAt(value: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(place, 'must be a list')
  if (value.length === 0) throw wrong(place, 'must not be empty')
  return value
}

/** Each parameter at most once, and no others than those known; an empty value is none. Throws `InvalidArgument`. */
export function readQuery<Name extends string>(
  { query }: ProxyRequest,
  known: readonly Name[],
): Readonly<Partial<Record<Name, string>>> {
  const found: Partial<Record<Name, string>> = {}
  const seen = new Set<string>()
  for (const [written, value] of pairsOf(query)) {
    const name = known.find((each) => each === written)
    if (name === undefined) throw wrong(written, unknownParameter(known))
    if (seen.has(name)) throw wrong(name, 'is given twice')
    seen.add(name)
    if (value !== '') found[name] = value
  }
  return found
}

function unknownParameter(known: readonly string[]): string {
  return known.length === 0
    ? 'is not known here, where there is no query'
    : `is not known here; known are ${known.join(', ')}`
}

function pairsOf(query: string): readonly (readonly [name: string, value: string])[] {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=')
      return equals === -1 ? [decode(pair), ''] : [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))]
    })
}

/** As forms write it, where `+` is a space. Bytes above 127 come from the parser as one character each. */
function decode(text: string): string {
  const escaped = text.replaceAll('+', ' ').replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`)
  try {
    return decodeURIComponent(escaped)
  } catch {
    throw wrong('', 'the query must be percent-encoded UTF-8') // translated
  }
}
