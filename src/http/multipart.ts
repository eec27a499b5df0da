/** multipart/byteranges, RFC 9110 §14.6. */

import type { ByteRange } from '../base/types.ts'
import { contentRange } from './byte-range.ts'

export interface MultipartByteranges {
  /** What to send, in order: the head of a part, then the bytes of its range; after all of them, `tail`. */
  readonly parts: readonly { readonly head: Uint8Array; readonly range: ByteRange }[]
  readonly tail: Uint8Array
  /** Content-Length and Content-Type of the response. */
  readonly length: number
  readonly contentType: string
}

/**
 * `contentType` is the object's own; without one the parts have none. The caller picks a `boundary` that does not occur
 * in the object, which a random one does not: 1-70 letters and digits, so that it needs no quotes.
 */
export function multipartByteranges(
  ranges: readonly ByteRange[],
  size: number,
  contentType: string | undefined,
  boundary: string,
): MultipartByteranges {
  const type = contentType === undefined ? '' : `Content-Type: ${contentType}\r\n`
  const parts = ranges.map((range, index) => {
    const opening = index === 0 ? '' : '\r\n'
    const head = `${opening}--${boundary}\r\n${type}Content-Range: ${contentRange(range, size)}\r\n\r\n`
    return { head: Buffer.from(head, 'latin1'), range }
  })
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1')
  const length = parts.reduce((sum, { head, range }) => sum + head.length + range.end - range.start, tail.length)
  return { parts, tail, length, contentType: `multipart/byteranges; boundary=${boundary}` }
}
