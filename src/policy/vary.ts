/** Telling the variants of an object apart: RFC 9111 §4.1 and RFC 9110 §12.5.5. */

import { fieldValue, isFieldName, trimmed } from '../base/header-list.ts'
import type { HeaderList } from '../base/types.ts'

/**
 * The request fields an answer depends on: lower case, sorted, each once. RFC 9111 §4.1: "A stored response with a Vary
 * header field value containing a member "*" always fails to match." So does one with a member that names no field.
 */
export function varyNames(headers: HeaderList): readonly string[] | '*' {
  const value = fieldValue(headers, 'vary')
  if (value === undefined) return []
  const names = new Set<string>()
  for (const part of value.split(',')) {
    const name = part.trim().toLowerCase()
    if (name === '') continue
    if (name === '*' || !isFieldName(name)) return '*'
    names.add(name)
  }
  return [...names].sort()
}

/**
 * One text for all requests that RFC 9111 §4.1 lets an answer serve, another for any other. As long as the fields are:
 * not for use as it is where length matters. Empty only without names. "If […] a header field is absent from a request,
 * it can only match another request if it is also absent there": an absent field has no `=`.
 */
export function variantOf(names: readonly string[], header: (name: string) => string | undefined): string {
  return names.map((name) => partOf(name, header(name))).join('&')
}

function partOf(name: string, value: string | undefined): string {
  return value === undefined ? escaped(name) : `${escaped(name)}=${escaped(normalised(name, value))}`
}

function escaped(text: string): string {
  return text.replace(/[%&=]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
}

/** Lists of case-insensitive words whose order RFC 9110 §12.5.3 and §12.5.4 give no meaning; preference is in the weights. */
const unorderedLists = new Set(['accept-encoding', 'accept-language'])

/** §4.1 allows "adding or removing whitespace, where allowed in the header field's syntax": so never within a quoted string. */
function normalised(name: string, value: string): string {
  if (value.includes('"')) return trimmed(value)
  const members = value.split(',').map(trimmed)
  if (!unorderedLists.has(name)) return members.join(',')
  return members.map(compact).sort().join(',')
}

function compact(member: string): string {
  const parts = member.toLowerCase().split(';')
  return parts.map(trimmed).join(';')
}
