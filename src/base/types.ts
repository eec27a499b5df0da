/** The vocabulary every room shares: brands that keep one string or number from being taken for another. */

declare const brand: unique symbol
type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** Wall time in milliseconds since 1970. Durations are plain numbers named `…Ms`. */
export type EpochMs = Brand<number, 'EpochMs'>
/** What `X-Correlation-ID` carries: the client's own, or a fresh UUID v4. */
export type RequestId = Brand<string, 'RequestId'>
/** Where a record lives in every tier. Made only by `cache/cache-key.ts`. */
export type RecordId = Brand<string, 'RecordId'>
/**
 * The identity of one version of an object's bytes: a strong validator as the origin sent it, quotes included, or one
 * that `policy/validators.ts` made up for an answer without any (those start with `~` and are never sent to anyone).
 */
export type Etag = Brand<string, 'Etag'>

/** Half-open: `start` inclusive, `end` exclusive. HTTP's inclusive form exists only in `http/byte-range.ts`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** From `start` to `end` (exclusive; absent: to the last byte), or the last `suffix` bytes: of an object whose size is not known yet. */
export type RangeSpec = { readonly start: number; readonly end?: number } | { readonly suffix: number }

/**
 * Header fields in order, flat: name, value, name, value. The form `rawHeaders` and `writeHead` of node:http use, so that
 * a list is built once and handed through. Values hold one character per byte (latin1), so bytes S3 sent leave unchanged.
 */
export type HeaderList = readonly string[]

export type TierName = 'memory' | 'disk' | 'redis' | 'tiered'

/** Ends a `switch` over a union: a member without a case is a type error here. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`)
}
