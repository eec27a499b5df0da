/** Where in a request a token may be, and reading it from there. */

import type { ProxyRequest } from '../http/messages.ts'

/** Names of header fields in lower case; of query parameters and cookies as they are written. */
export type TokenSource =
  /** `Authorization: Bearer …` (RFC 6750 §2.1). */
  | { readonly kind: 'bearer' }
  | { readonly kind: 'header'; readonly name: string; readonly prefix: string }
  | { readonly kind: 'query'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string }

/** Undefined: the request brings no token. Empty: it brings several in one place, and none is picked. */
export type TokenReader = (request: ProxyRequest) => string | undefined

const several = ''

/** The first source that yields a token decides, whatever the token is worth. A source with an empty value yields none. */
export function createTokenReader(sources: readonly TokenSource[]): TokenReader {
  const readers = sources.map(readerOf)
  return (request) => {
    for (const read of readers) {
      const token = read(request)
      if (token !== undefined) return token
    }
    return undefined
  }
}

/** What carries tokens, and so is never forwarded, logged, or part of a cache key. Names of parameters are decoded ones. */
export interface SecretNames {
  /** In lower case. */
  readonly headers: readonly string[]
  readonly query: readonly string[]
}

export function secretNames(sources: readonly TokenSource[]): SecretNames {
  const headers = new Set<string>()
  const query = new Set<string>()
  for (const source of sources) {
    if (source.kind === 'query') query.add(source.name)
    else headers.add(fieldOf(source))
  }
  return { headers: [...headers], query: [...query] }
}

type FieldSource = Exclude<TokenSource, { kind: 'query' }>

function fieldOf(source: FieldSource): string {
  if (source.kind === 'header') return source.name
  return source.kind === 'bearer' ? 'authorization' : 'cookie'
}

function readerOf(source: TokenSource): TokenReader {
  switch (source.kind) {
    case 'bearer':
      return fieldReader('authorization', 'Bearer ')
    case 'header':
      return fieldReader(source.name, source.prefix)
    case 'query':
      return ({ query }) => (query === '' ? undefined : parameter(query, source.name))
    case 'cookie':
      return (request) => cookie(request.header('cookie') ?? '', source.name)
  }
}

function fieldReader(name: string, prefix: string): TokenReader {
  // RFC 9110 §11.1: "a case-insensitive token to identify the authentication scheme"; other fields have no schemes.
  const hasScheme = name === 'authorization'
  const lowerPrefix = prefix.toLowerCase()
  return (request) => {
    const value = request.header(name)
    if (value === undefined) return undefined
    const isPrefixed =
      value.startsWith(prefix) || (hasScheme && value.slice(0, prefix.length).toLowerCase() === lowerPrefix)
    return isPrefixed ? nonEmpty(value, prefix.length) : undefined
  }
}

/** RFC 9110 §11.4: any number of spaces stand between scheme and token. */
function nonEmpty(value: string, start: number): string | undefined {
  let from = start
  while (value[from] === ' ') from++
  return from < value.length ? value.slice(from) : undefined
}

function parameter(query: string, name: string): string | undefined {
  // Of two question marks the second belongs to the first name, here as wherever tokens are taken out of queries.
  const values = new URLSearchParams(`?${query}`).getAll(name)
  return values.length > 1 ? several : values[0] || undefined
}

/** RFC 6265 §4.2.1. One cookie set for several paths arrives several times, which is no harm as long as all say the same. */
function cookie(field: string, name: string): string | undefined {
  let found: string | undefined
  for (const pair of field.split(';')) {
    const equals = pair.indexOf('=')
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue
    const value = pair.slice(equals + 1).trim()
    const bare = /^"(.*)"$/.exec(value)?.[1] ?? value
    if (found !== undefined && found !== bare) return several
    found = bare
  }
  return found || undefined
}
