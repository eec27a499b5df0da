/** Range, RFC 9110 §14: from a field value to half-open ranges inside an object. */

import { trimmed } from '../base/header-list.ts'
import type { ByteRange, RangeSpec } from '../base/types.ts'

export type RangeRequest =
  /** No Range, or one to ignore: another unit, or bad syntax (§14.2). */
  { readonly kind: 'none' } | { readonly kind: 'ranges'; readonly specs: readonly RangeSpec[] }

export type ResolvedRanges =
  | { readonly kind: 'ranges'; readonly ranges: readonly ByteRange[] }
  | { readonly kind: 'unsatisfiable' }
  /** Better answered with the whole object, as if there were no Range. */
  | { readonly kind: 'whole' }

/** More is no reader's wish but an attempt to make us work (§17.15); such a Range is ignored. */
const maxSpecs = 256
const maxParts = 16

const none: RangeRequest = { kind: 'none' }
const bytesUnit = /^bytes=/i
const rangeSpec = /^(?:(\d+)-(\d*)|-(\d+))$/

export function parseRange(value: string | undefined): RangeRequest {
  if (value === undefined || !bytesUnit.test(value)) return none
  const members = value.slice('bytes='.length).split(',', maxSpecs + 1)
  if (members.length > maxSpecs) return none
  const specs: RangeSpec[] = []
  for (const member of members) {
    const text = trimmed(member)
    if (text === '') continue // §5.6.1.2: empty list elements are to be accepted
    const spec = parseSpec(text)
    // §14.1.1: "A ranges-specifier is invalid if it contains any range-spec that is invalid"
    if (spec === undefined) return none
    specs.push(spec)
  }
  return specs.length === 0 ? none : { kind: 'ranges', specs }
}

function parseSpec(text: string): RangeSpec | undefined {
  const match = rangeSpec.exec(text)
  if (match === null) return undefined
  const [, first, last, suffix] = match
  if (first === undefined) return { suffix: clamped(suffix ?? '') }
  if (last === undefined || last === '') return { start: clamped(first) }
  if (BigInt(last) < BigInt(first)) return undefined
  return { start: clamped(first), end: Math.min(clamped(last), Number.MAX_SAFE_INTEGER - 1) + 1 }
}

/** No object is larger than 2^53 - 1 bytes, so a larger numeral says the same as that one. */
function clamped(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER)
}

interface Wanted extends ByteRange {
  /** Where in the request it was named first. */
  readonly place: number
}

/**
 * The bytes asked for, all inside the object. Ranges that overlap or touch are one; each stands where its first part
 * stood in the request (§15.3.7.2).
 */
export function resolveRanges(specs: readonly RangeSpec[], size: number): ResolvedRanges {
  // A suffix of nothing is satisfiable (§14.1.2), yet a 206 cannot tell a range of no bytes.
  if (size === 0 && specs.some((spec) => 'suffix' in spec && spec.suffix > 0)) return { kind: 'whole' }
  const wanted: Wanted[] = []
  for (const [place, spec] of specs.entries()) {
    const start = 'suffix' in spec ? size - Math.min(spec.suffix, size) : spec.start
    const end = 'suffix' in spec ? size : Math.min(spec.end ?? size, size)
    if (start < end) wanted.push({ start, end, place })
  }
  if (wanted.length === 0) return { kind: 'unsatisfiable' }
  const merged = mergeTouching(wanted)
  if (merged.length > maxParts) return { kind: 'whole' }
  merged.sort((a, b) => a.place - b.place)
  return { kind: 'ranges', ranges: merged.map(({ start, end }) => ({ start, end })) }
}

function mergeTouching(wanted: readonly Wanted[]): Wanted[] {
  const merged: Wanted[] = []
  for (const range of wanted.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (last === undefined || range.start > last.end) merged.push(range)
    else {
      const end = Math.max(last.end, range.end)
      merged[merged.length - 1] = { start: last.start, end, place: Math.min(last.place, range.place) }
    }
  }
  return merged
}

/** The Content-Range of a 206; without a range, that of a 416. */
export function contentRange(range: ByteRange | undefined, size: number): string {
  return range === undefined ? `bytes */${size}` : `bytes ${range.start}-${range.end - 1}/${size}`
}
