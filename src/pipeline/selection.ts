/** From Range and If-Range to the bytes that are sent, and the body that sends them. */

import { withoutFields } from '../base/header-list.ts'
import type { OwnAsking } from '../base/trace.ts'
import type { ByteRange } from '../base/types.ts'
import { contentRange, parseRange, resolveRanges } from '../http/byte-range.ts'
import type { Body, ProxyRequest } from '../http/messages.ts'
import { type MultipartByteranges, multipartByteranges } from '../http/multipart.ts'
import { rangeApplies } from '../http/preconditions.ts'
import type { OpenedObject } from '../objects/opened-object.ts'
import { type Draft, draft } from './draft.ts'
import type { PreparedHead } from './prepared-head.ts'

export type Selection =
  | { readonly kind: 'whole' }
  | { readonly kind: 'one'; readonly range: ByteRange }
  | { readonly kind: 'many'; readonly ranges: readonly ByteRange[] }
  | { readonly kind: 'unsatisfiable' }

/** Which bytes of the object the request is for. */
export function select({ head, isPassing }: OpenedObject, prepared: PreparedHead, request: ProxyRequest): Selection {
  // RFC 9110 §14.2: Range is only for GET, and judged after the preconditions.
  if (request.method !== 'GET' || head.status !== 200 || head.size < 0) return { kind: 'whole' }
  const range = parseRange(request.header('range'))
  if (range.kind === 'none' || !rangeApplies(prepared, request)) return { kind: 'whole' }
  const resolved = resolveRanges(range.specs, head.size)
  if (resolved.kind !== 'ranges') return resolved
  const [first, ...more] = resolved.ranges
  if (first === undefined) return { kind: 'whole' }
  if (more.length === 0) return { kind: 'one', range: first }
  // Several parts may overlap or go backwards, and these bytes come once.
  return isPassing ? { kind: 'whole' } : { kind: 'many', ranges: resolved.ranges }
}

/** Status, fields and body for what was selected of the object. */
export function compose(
  object: OpenedObject,
  selection: Exclude<Selection, { kind: 'unsatisfiable' }>,
  prepared: PreparedHead,
  boundary: () => string,
  own: OwnAsking,
): Draft {
  const { head } = object
  const { fields: block } = prepared
  if (selection.kind === 'many') {
    const parts = multipartByteranges(selection.ranges, head.size, prepared.contentType, boundary())
    const fields = [...withoutFields(block.list, (name) => name === 'content-type'), 'Content-Type', parts.contentType]
    fields.push('Content-Length', String(parts.length))
    return draft(
      206,
      fields,
      streamed(object, parts.length, (signal) => multipartBody(object, parts, signal, own)),
    )
  }
  if (selection.kind === 'one') {
    const { range } = selection
    const headers = ['Content-Length', String(range.end - range.start), 'Content-Range', contentRange(range, head.size)]
    return draft(206, headers, bodyOf(object, range, own), block)
  }
  const size = head.size < 0 ? Number.POSITIVE_INFINITY : head.size
  // RFC 9110 §8.6: no Content-Length in a 204, and none where the origin did not say.
  const headers = head.size >= 0 && head.status !== 204 ? ['Content-Length', String(size)] : []
  return draft(head.status, headers, bodyOf(object, { start: 0, end: size }, own), block)
}

/** The range whose first byte is sent first. */
export function firstRange(selection: Selection, size: number): ByteRange {
  if (selection.kind === 'one') return selection.range
  return (selection.kind === 'many' ? selection.ranges[0] : undefined) ?? { start: 0, end: size }
}

function bodyOf(object: OpenedObject, range: ByteRange, own: OwnAsking): Body {
  if (range.start === range.end) return { kind: 'empty' }
  if (object.whole !== undefined) {
    const isAll = range.end - range.start === object.whole.length
    return { kind: 'bytes', bytes: isAll ? object.whole : object.whole.subarray(range.start, range.end) }
  }
  return streamed(object, range.end - range.start, (signal) => object.read(range, signal, own))
}

/** The object is released when it has been read, or is not going to be. `size`: Infinity when it is not known. */
export function streamed(
  object: OpenedObject,
  size: number,
  open: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
): Body {
  const stream = {
    kind: 'stream' as const,
    read: (signal: AbortSignal) => readOnce(object, open(signal)),
    discard: () => object.release(),
  }
  return size === Number.POSITIVE_INFINITY ? stream : { ...stream, size }
}

async function* readOnce(object: OpenedObject, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } finally {
    object.release()
  }
}

async function* multipartBody(
  object: OpenedObject,
  { parts, tail }: MultipartByteranges,
  signal: AbortSignal,
  own: OwnAsking,
): AsyncGenerator<Uint8Array> {
  own.ownBytes += tail.length
  for (const { head, range } of parts) {
    own.ownBytes += head.length
    yield head
    if (object.whole !== undefined) yield object.whole.subarray(range.start, range.end)
    else yield* object.read(range, signal, own)
  }
  yield tail
}
