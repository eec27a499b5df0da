import { hash } from 'node:crypto'
import type { RecordId } from '../base/types.ts'

const unsafe = /[\0- %:\x7f-\x9f]/g
const escapeOne = (char: string) => encodeURIComponent(char)
const escapeText = (text: string) => (text.search(unsafe) === -1 ? text : text.replace(unsafe, escapeOne))

/**
 * Names one cached object. Its text form is `bucket:object_key` with `%`, `:`, space and control characters
 * percent-encoded, so that different keys never share a text and the text gives the key back. What follows further
 * colons tells apart the queries (`:q=`) and variants (`:v=`) of one object.
 */
export class CacheKey {
  readonly bucket: string
  readonly object: string
  /** The part of the request's query that is kept, in canonical form; empty when none is. */
  readonly query: string
  /** A digest of the request fields that a stored Vary names; empty when there is none. */
  readonly variant: string
  /** The text form, and the id of the object's head record. */
  readonly id: RecordId

  constructor(bucket: string, object: string, query = '', variant = '') {
    this.bucket = bucket
    this.object = object
    this.query = query
    this.variant = variant
    let text = `${bucket}:${escapeText(object)}`
    if (query !== '') text += `:q=${escapeText(query)}`
    if (variant !== '') text += `:v=${escapeText(variant)}`
    this.id = text as RecordId
  }

  /** SHA-256 of the text form in hex: stable across runs and machines. */
  get hash(): string {
    return hash('sha256', this.id, 'hex')
  }

  /** The same object, for requests whose `Vary` fields have these values. */
  withVariant(values: string): CacheKey {
    return new CacheKey(this.bucket, this.object, this.query, hash('sha256', values, 'base64url'))
  }

  sliceId(index: number): RecordId {
    return `${this.id}:s=${index}` as RecordId
  }

  /** How the ids of a bucket's objects begin whose keys begin with `keyStart`. */
  static start(bucket: string, keyStart: string): string {
    return `${bucket}:${escapeText(keyStart)}`
  }

  /** Reads a text form back. Undefined when it is not one. */
  static parse(text: string): CacheKey | undefined {
    const [bucket, object, ...rest] = text.split(':')
    if (bucket === undefined || bucket === '' || object === undefined) return undefined
    const parts: Record<string, string> = {}
    for (const part of rest) {
      if (!/^[qvs]=/.test(part)) return undefined
      parts[part.slice(0, 1)] = part.slice(2)
    }
    try {
      const [query, variant] = [decodeURIComponent(parts['q'] ?? ''), decodeURIComponent(parts['v'] ?? '')]
      const key = new CacheKey(bucket, decodeURIComponent(object), query, variant)
      return key.id === objectOf(text as RecordId) ? key : undefined
    } catch {
      return undefined // not percent-encoding: not a text this class made
    }
  }
}

/** The bucket a record belongs to. */
export function bucketOf(id: RecordId): string {
  return id.slice(0, id.indexOf(':'))
}

const sliceSuffix = /:s=\d+$/

/** The id of the object whose slice `id` is; `id` itself when it is no slice. */
export function objectOf(id: RecordId): RecordId {
  return id.replace(sliceSuffix, '') as RecordId
}

/** The id of the object as a whole, whichever query, variant or slice of it `id` is. */
export function wholeOf(id: RecordId): RecordId {
  const end = id.indexOf(':', id.indexOf(':') + 1)
  return end === -1 ? id : (id.slice(0, end) as RecordId)
}
