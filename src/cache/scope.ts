/** Which records somebody means: to purge them, to count them, to look at them. */

import { type RecordId, unreachable } from '../base/types.ts'

export type Scope =
  | { readonly kind: 'all' }
  | { readonly kind: 'bucket'; readonly bucket: string }
  /** The text form of a cache key: that object, and all whose text goes on from it with a colon: queries, variants, slices. */
  | { readonly kind: 'object'; readonly id: RecordId }
  /** How the text form of keys begins, bucket and colon included; see `CacheKey.start`. */
  | { readonly kind: 'prefix'; readonly start: string }
  /** Objects that carry this tag; of every bucket when none is named. */
  | { readonly kind: 'tag'; readonly bucket?: string | undefined; readonly tag: string }

export const everything: Scope = { kind: 'all' }

/** Stands among the tags of an object that has more of them than are kept: every purge by tag covers it. */
export const anyTag = '*'

/** `tags`: those of the object that the record belongs to. */
export function covers(scope: Scope, id: RecordId, tags: readonly string[] = []): boolean {
  switch (scope.kind) {
    case 'all':
      return true
    case 'bucket':
      return isIn(scope.bucket, id)
    case 'object':
      return id.startsWith(scope.id) && (id.length === scope.id.length || id[scope.id.length] === ':')
    case 'prefix':
      return id.startsWith(scope.start)
    case 'tag':
      if (tags.length === 0 || (scope.bucket !== undefined && !isIn(scope.bucket, id))) return false
      return tags.includes(scope.tag) || tags.includes(anyTag)
    default:
      return unreachable(scope)
  }
}

function isIn(bucket: string, id: RecordId): boolean {
  return id.startsWith(bucket) && id[bucket.length] === ':'
}

/** The same text for equal scopes, another one for others. */
export function scopeKey(scope: Scope): string {
  switch (scope.kind) {
    case 'all':
      return 'all'
    case 'bucket':
      return `bucket\n${scope.bucket}`
    case 'object':
      return `object\n${scope.id}`
    case 'prefix':
      return `prefix\n${scope.start}`
    case 'tag':
      return `tag\n${scope.bucket ?? ''}\n${scope.tag}`
    default:
      return unreachable(scope)
  }
}

/** What was written as JSON, read strictly. Undefined when it is none, or of a kind that is not known here. */
export function scopeIn(value: unknown): Scope | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { kind, bucket, id, start, tag } = value as Readonly<Record<string, unknown>>
  if (kind === 'all') return everything
  if (kind === 'bucket' && isText(bucket)) return { kind, bucket }
  if (kind === 'object' && isText(id)) return { kind, id: id as RecordId }
  if (kind === 'prefix' && isText(start)) return { kind, start }
  if (kind !== 'tag' || !isText(tag) || !(bucket === undefined || isText(bucket))) return undefined
  return bucket === undefined ? { kind, tag } : { kind, bucket, tag }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
