/** Records as bytes, for the tiers that outlive the process. */

// Not 'msgpackr' itself, which looks for an addon when it is loaded.
import { Packr } from 'msgpackr/pack'
import { Unpackr } from 'msgpackr/unpack'
import { isFieldName } from '../base/header-list.ts'
import { type EpochMs, type Etag, type HeaderList, type RecordId, unreachable } from '../base/types.ts'
import { bodyOf, type CacheRecord, type ObjectHead, tagsOf } from './record.ts'

/** The version of what this file writes. A reader that meets another one answers undefined. */
export const recordFormat = 2

export interface DecodedRecord {
  readonly id: RecordId
  readonly record: CacheRecord
}

const kinds = { object: 0, slice: 1, vary: 2 } as const
const absences = [undefined, 'NoSuchKey', 'NoSuchBucket'] as const

/** Plain MessagePack, which every language reads: no extension of the package's own. */
const packr = new Packr({ useRecords: false })
const unpackr = new Unpackr({ useRecords: false })

/**
 * Everything of a record but its bytes: one MessagePack array of the format version, the id, the kind, the length of the
 * bytes (nil: none) and the kind's fields. `shiftMs` is added to every time in it.
 */
export function encodeHead(id: RecordId, record: CacheRecord, shiftMs = 0): Uint8Array {
  const start = [recordFormat, id, kinds[record.kind], bodyOf(record)?.byteLength ?? null]
  return packr.pack([...start, ...fieldsOf(record, shiftMs)])
}

/**
 * Undefined when it is not what `encodeHead` wrote: another version, any damage that shows, a body of another length.
 * `body` becomes the record's bytes, not copied. Never throws. `shiftMs` as above.
 */
export function decodeRecord(head: Uint8Array, body: Uint8Array | undefined, shiftMs = 0): DecodedRecord | undefined {
  const start = startOf(head)
  if (start === undefined || start.bodyBytes !== (body?.byteLength ?? null)) return undefined
  const record = recordOf(start.kind, start.fields, body, shiftMs)
  return record && { id: start.id, record }
}

/** The same for who has not read the body: whatever it was, the record's bytes are empty. */
export function decodeHead(head: Uint8Array, shiftMs = 0): DecodedRecord | undefined {
  const start = startOf(head)
  if (start === undefined) return undefined
  const record = recordOf(start.kind, start.fields, start.bodyBytes === null ? undefined : noBytes, shiftMs)
  return record && { id: start.id, record }
}

interface Start {
  readonly id: RecordId
  readonly kind: unknown
  readonly bodyBytes: unknown
  readonly fields: readonly unknown[]
}

function startOf(head: Uint8Array): Start | undefined {
  const values = unpacked(head)
  if (!Array.isArray(values) || values[0] !== recordFormat) return undefined
  const [, id, kind, bodyBytes, ...fields] = values as readonly unknown[]
  return isText(id) && id.includes(':') ? { id: id as RecordId, kind, bodyBytes, fields } : undefined
}

const noBytes = new Uint8Array(0)

function unpacked(bytes: Uint8Array): unknown {
  try {
    return unpackr.unpack(bytes)
  } catch {
    return undefined // no MessagePack: not what encodeHead wrote
  }
}

function fieldsOf(record: CacheRecord, shiftMs: number): readonly unknown[] {
  switch (record.kind) {
    case 'object': {
      const { status, etag, size, sliceBytes, headers, requestedAt, storedAt, originFingerprint, absence } = record.head
      const sizes = [status, etag, size, sliceBytes]
      const times = [Math.round(requestedAt + shiftMs), Math.round(storedAt + shiftMs)]
      return [...sizes, headers, ...times, originFingerprint, absences.indexOf(absence), tagsOf(record)]
    }
    case 'slice':
      return [record.etag, record.objectSize, tagsOf(record)]
    case 'vary':
      return [record.names, record.originFingerprint]
    default:
      return unreachable(record)
  }
}

function recordOf(
  kind: unknown,
  fields: readonly unknown[],
  body: Uint8Array | undefined,
  shiftMs: number,
): CacheRecord | undefined {
  switch (kind) {
    case kinds.object: {
      const head = headOf(fields, shiftMs)
      if (head === undefined) return undefined
      return body === undefined ? { kind: 'object', head } : { kind: 'object', head, body }
    }
    case kinds.slice: {
      const [etag, objectSize, tags] = fields
      if (fields.length !== 3 || !isText(etag) || !isCount(objectSize) || body === undefined) return undefined
      if (!isListOf(tags, isText)) return undefined
      return { kind: 'slice', etag: etag as Etag, objectSize, ...tagsField(tags), bytes: body }
    }
    case kinds.vary: {
      const [names, originFingerprint] = fields
      if (fields.length !== 2 || !isListOf(names, isText) || !isText(originFingerprint)) return undefined
      return body === undefined ? { kind: 'vary', names, originFingerprint } : undefined
    }
    default:
      return undefined
  }
}

function headOf(fields: readonly unknown[], shiftMs: number): ObjectHead | undefined {
  const [status, etag, size, sliceBytes, headers, requestedAt, storedAt, originFingerprint, absenceIndex, tags] = fields
  if (fields.length !== 10 || !isCount(status) || !isCount(size) || !isCount(sliceBytes)) return undefined
  if (!isText(etag) || !isText(originFingerprint) || !isHeaderList(headers)) return undefined
  if (!isTime(requestedAt) || !isTime(storedAt)) return undefined
  if (!isCount(absenceIndex) || absenceIndex >= absences.length) return undefined
  if (!isListOf(tags, isText)) return undefined
  const absence = absences[absenceIndex]
  return {
    status,
    etag: etag as Etag,
    size,
    sliceBytes,
    headers,
    requestedAt: Math.round(requestedAt + shiftMs) as EpochMs,
    storedAt: Math.round(storedAt + shiftMs) as EpochMs,
    originFingerprint,
    ...tagsField(tags),
    ...(absence === undefined ? {} : { absence }),
  }
}

/** A record without tags has no such field. */
function tagsField(tags: readonly string[]): { readonly tags?: readonly string[] } {
  return tags.length === 0 ? {} : { tags }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isCount(value: unknown): value is number {
  return isTime(value) && value >= 0
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isItem)
}

/** RFC 9110 §5.5, and what node:http will send: a field that could not be sent would fail the request that finds it. */
const fieldText = /^[\t\x20-\x7e\x80-\xff]*$/

function isHeaderList(value: unknown): value is HeaderList {
  if (!isListOf(value, isText) || value.length % 2 !== 0) return false
  return value.every((text, index) => (index % 2 === 0 ? isFieldName(text) : fieldText.test(text)))
}
