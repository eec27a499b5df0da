/** Which entries of the cache somebody means who describes them. */

import type { EpochMs } from '../base/types.ts'
import { anyTag } from '../cache/scope.ts'
import type { Glob } from './glob.ts'
import type { CachedEntry } from './inventory.ts'

export type TextField = 'bucket' | 'key' | 'tag' | 'content_type'
export type NumberField = 'size' | 'age_seconds' | 'hits'

export type EntryFilter =
  | { readonly kind: 'and' | 'or'; readonly filters: readonly EntryFilter[] }
  | { readonly kind: 'not'; readonly filter: EntryFilter }
  /** Media types are compared in lower case and without parameters. */
  | { readonly kind: 'text'; readonly field: TextField; readonly test: TextTest }
  | { readonly kind: 'number'; readonly field: NumberField; readonly test: NumberTest }

/** Of an object's tags, one has to pass. */
export type TextTest =
  | { readonly kind: 'in'; readonly values: ReadonlySet<string> }
  | { readonly kind: 'glob'; readonly glob: Glob }

export type NumberTest =
  | { readonly kind: 'in'; readonly values: ReadonlySet<number> }
  | { readonly kind: 'gt' | 'gte' | 'lt' | 'lte'; readonly bound: number }

/** What is judged of an entry. */
export interface EntryFacts {
  readonly bucket: string
  readonly key: string
  readonly tags: readonly string[]
  /** As the origin sent it. */
  readonly contentType: string | undefined
  readonly size: number
  /** Since it was stored or last confirmed. */
  readonly ageSeconds: number
  readonly hits: number | undefined
}

export function factsOf({ key, tags, contentType, size, storedAt, hits }: CachedEntry, now: EpochMs): EntryFacts {
  const ageSeconds = Math.max(0, now - storedAt) / 1000
  return { bucket: key.bucket, key: key.object, tags, contentType, size, ageSeconds, hits }
}

/**
 * Where an object has more tags than are kept, it is selected whenever one of those not kept may decide so: what is asked to
 * go is gone. Hits that nobody counted select nothing.
 */
export function selects(filter: EntryFilter, facts: EntryFacts): boolean {
  return holds(filter, facts, true)
}

/** `wish`: what selects the entry; the opposite under each `not`. What is not known is judged by it. */
function holds(filter: EntryFilter, facts: EntryFacts, wish: boolean): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.filters.every((each) => holds(each, facts, wish))
    case 'or':
      return filter.filters.some((each) => holds(each, facts, wish))
    case 'not':
      return !holds(filter.filter, facts, !wish)
    case 'text':
      return textHolds(filter.field, filter.test, facts, wish)
    default: {
      const number = numberOf(filter.field, facts)
      return number === undefined ? !wish : numberPasses(number, filter.test)
    }
  }
}

function textHolds(field: TextField, test: TextTest, facts: EntryFacts, wish: boolean): boolean {
  switch (field) {
    case 'bucket':
      return textPasses(facts.bucket, test)
    case 'key':
      return textPasses(facts.key, test)
    case 'content_type':
      return facts.contentType !== undefined && textPasses(mediaType(facts.contentType), test)
    default:
      return facts.tags.some((tag) => textPasses(tag, test)) || (facts.tags.includes(anyTag) && wish)
  }
}

/** RFC 9110 §8.3.1: type and subtype are "case-insensitive". */
export function mediaType(field: string): string {
  const end = field.indexOf(';')
  return (end === -1 ? field : field.slice(0, end)).trim().toLowerCase()
}

function numberOf(field: NumberField, facts: EntryFacts): number | undefined {
  if (field === 'size') return facts.size
  return field === 'hits' ? facts.hits : facts.ageSeconds
}

function textPasses(text: string, test: TextTest): boolean {
  return test.kind === 'in' ? test.values.has(text) : test.glob.matches(text)
}

function numberPasses(number: number, test: NumberTest): boolean {
  switch (test.kind) {
    case 'in':
      return test.values.has(number)
    case 'gt':
      return number > test.bound
    case 'gte':
      return number >= test.bound
    case 'lt':
      return number < test.bound
    default:
      return number <= test.bound
  }
}
