/** What a tier holds: small records that describe an object or carry one slice of it. */

import type { EpochMs, Etag, HeaderList } from '../base/types.ts'

/** What the origin said about an object and when, without its bytes. Freshness is judged at read, under the policy of then. */
export interface ObjectHead {
  readonly status: number
  /** What slices are cut from: another tag is another version. May be made up, see `Etag`. */
  readonly etag: Etag
  /** Bytes of the whole representation. */
  readonly size: number
  /** Fixed when stored; the setting may change later. */
  readonly sliceBytes: number
  /** As the origin sent them, less what is never kept; without Content-Length and Content-Range. */
  readonly headers: HeaderList
  /** RFC 9111 §4.2.3: request_time and response_time of the exchange that gave or last confirmed this head. */
  readonly requestedAt: EpochMs
  readonly storedAt: EpochMs
  /** Endpoint and S3 bucket; a head with another one is a miss. */
  readonly originFingerprint: string
  /** By which it may be purged, see `policy/tags.ts`. Absent: none. */
  readonly tags?: readonly string[]
  /** A remembered absence: which error the origin gave. `status` is 404 then. */
  readonly absence?: 'NoSuchKey' | 'NoSuchBucket'
}

export type CacheRecord =
  /** `body` is set when one slice is the whole object and its bytes are known; an answer to HEAD has none. Never written again once put, and alone in its ArrayBuffer. */
  | { readonly kind: 'object'; readonly head: ObjectHead; readonly body?: Uint8Array }
  /** At most `sliceBytes`. Never written again once put, but where a store copies what is put; alone in its ArrayBuffer. `objectSize` and `tags`: of the object it was cut from. */
  | {
      readonly kind: 'slice'
      readonly etag: Etag
      readonly objectSize: number
      readonly tags?: readonly string[]
      readonly bytes: Uint8Array
    }
  /** The object's answers differ by these request fields (lower case, sorted); each variant is an object of its own. */
  | { readonly kind: 'vary'; readonly names: readonly string[]; readonly originFingerprint: string }

/** How many slices an object of `size` bytes has; an empty object has none. */
export function sliceCount(head: Pick<ObjectHead, 'size' | 'sliceBytes'>): number {
  return Math.ceil(head.size / head.sliceBytes)
}

/** Bytes of slice `index`: all but the last are `sliceBytes` long. */
export function sliceLength(head: Pick<ObjectHead, 'size' | 'sliceBytes'>, index: number): number {
  return Math.min(head.sliceBytes, head.size - index * head.sliceBytes)
}

/** What is kept of a slice: of an object that is no longer than one, the object. */
export function recordOf(head: ObjectHead, bytes: Uint8Array): CacheRecord {
  const { etag, size: objectSize, tags, sliceBytes } = head
  if (objectSize <= sliceBytes) return { kind: 'object', head, body: bytes }
  return { kind: 'slice', etag, objectSize, ...(tags && { tags }), bytes }
}

/** The body or slice bytes of a record; undefined when it has none. An empty body is not no body. */
export function bodyOf(record: CacheRecord): Uint8Array | undefined {
  if (record.kind === 'slice') return record.bytes
  return record.kind === 'object' ? record.body : undefined
}

/** With other bytes, of a record that is to have any. */
export function withBody(record: CacheRecord, bytes: Uint8Array): CacheRecord {
  switch (record.kind) {
    case 'object':
      return { kind: 'object', head: record.head, body: bytes }
    case 'slice':
      return { ...record, bytes }
    default:
      return record
  }
}

/** With a copy of its bytes, where it has any. */
export function withOwnBody(record: CacheRecord): CacheRecord {
  const body = bodyOf(record)
  return body === undefined ? record : withBody(record, new Uint8Array(body))
}

/** Those of the object that the record belongs to. */
export function tagsOf(record: CacheRecord): readonly string[] {
  switch (record.kind) {
    case 'object':
      return record.head.tags ?? noTags
    case 'slice':
      return record.tags ?? noTags
    default:
      return noTags
  }
}

const noTags: readonly string[] = []
