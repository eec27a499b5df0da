/** Reading and filtering header lists. Names in arguments are lower case. */

import type { HeaderList } from './types.ts'

/** The value of a field, several lines joined by `, ` (RFC 9110 §5.3); undefined when there is none. */
export function fieldValue(headers: HeaderList, name: string): string | undefined {
  let joined: string | undefined
  for (let i = 0; i < headers.length; i += 2) {
    const field = headers[i]
    if (field?.length !== name.length || field.toLowerCase() !== name) continue
    const value = headers[i + 1] ?? ''
    joined = joined === undefined ? value : `${joined}, ${value}`
  }
  return joined
}

/** The list less every field that `drop` picks; the very list when it picks none. */
export function withoutFields(headers: HeaderList, drop: (name: string, value: string) => boolean): HeaderList {
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    if (!drop(name.toLowerCase(), value)) kept.push(name, value)
  }
  return kept.length === headers.length ? headers : kept
}

const token = /^[\w!#$%&'*+.^`|~-]+$/

/** RFC 9110 §5.1: `field-name = token`. */
export function isFieldName(text: string): boolean {
  return token.test(text)
}

const hopByHopFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** RFC 9110 §7.6.1 and §11.7: what belongs to one connection and is never passed on, whether Connection names it or not. */
export function isHopByHop(name: string): boolean {
  return hopByHopFields.has(name)
}

/** The list less hop-by-hop fields, those its own Connection field names, and those that `drop` picks besides. */
export function withoutHopByHop(
  headers: HeaderList,
  drop: (name: string, value: string) => boolean = () => false,
): HeaderList {
  const options = fieldValue(headers, 'connection')?.toLowerCase().split(',')
  const named = options && new Set(options.map(trimmed))
  return withoutFields(headers, (name, value) => isHopByHop(name) || named?.has(name) || drop(name, value))
}

/** Without the whitespace HTTP knows (RFC 9110 §5.6.3), space and tab; `\u00a0` is a byte like any other. */
export function trimmed(text: string): string {
  let [start, end] = [0, text.length]
  while (isBlank(text[start])) start++
  while (end > start && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t'
}
