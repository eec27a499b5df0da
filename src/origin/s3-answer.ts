/** Reads an HTTP answer of S3 as an answer to the question that was asked. */

import { ProxyError } from '../base/errors.ts'
import { fieldValue } from '../base/header-list.ts'
import type { RangeSpec } from '../base/types.ts'
import type { AnswerBody } from './answer-body.ts'
import { forwardedHeaders, strongEtag } from './answer-headers.ts'
import type { ExchangeHead } from './exchange.ts'
import type { OriginAnswer, OriginHead, OriginQuery } from './origin.ts'
import { failureFrom, meaningOf, readS3Error, type S3Error } from './s3-error.ts'

/** A body longer than this is not worth reading to keep its connection. */
const maxDiscardedBytes = 64 * 1024

/** A promise only where the body has to be looked at. Throws what the answer means when it is a failure. */
export function readAnswer(
  query: OriginQuery,
  head: ExchangeHead,
  body: AnswerBody,
): OriginAnswer | Promise<OriginAnswer> {
  const toCondition = answerToCondition(query, head)
  if (toCondition !== undefined) {
    void discard(body)
    return toCondition
  }
  if (isAnotherVersion(query, head)) {
    body.cancel()
    return { kind: 'changed' }
  }
  if (head.status === 206) return partialAnswer(query, head, body)
  // The client may have nothing that it confirms.
  if (head.status === 304) throw malformed('304 to a request without a condition')
  return head.status >= 300 ? errorOrObject(query, head, body) : wholeAnswer(head, body)
}

async function errorOrObject(query: OriginQuery, head: ExchangeHead, body: AnswerBody): Promise<OriginAnswer> {
  const error = await readS3Error(query.method, head, body)
  return error === undefined ? wholeAnswer(head, body) : answerToError(error, head)
}

function wholeAnswer(head: ExchangeHead, body: AnswerBody): OriginAnswer {
  return { kind: 'object', head: originHead(head, head.status, contentLength(head)), start: 0, body }
}

/** These statuses mean this only to a request that asked for it. */
function answerToCondition(query: OriginQuery, head: ExchangeHead): OriginAnswer | undefined {
  if (head.status === 304 && (query.ifNoneMatch ?? query.ifModifiedSince) !== undefined) {
    return { kind: 'not-modified', headers: forwardedHeaders(head.headers, head.receivedAt), ...times(head) }
  }
  if (head.status === 412 && query.ifMatch !== undefined) return { kind: 'changed' }
  if (head.status === 416 && query.range !== undefined) return { kind: 'unsatisfiable' }
  return undefined
}

/** Servers that overlook If-Match answer with whatever there is now. */
function isAnotherVersion(query: OriginQuery, head: ExchangeHead): boolean {
  if (query.ifMatch === undefined || head.status < 200 || head.status > 299) return false
  return query.ifMatch !== strongEtag(head.headers)
}

function answerToError(error: S3Error, head: ExchangeHead): OriginAnswer {
  const meaning = meaningOf(error, head.headers)
  if (meaning === 'NoSuchKey' || meaning === 'NoSuchBucket') return { kind: 'missing', code: meaning, ...times(head) }
  throw failureFrom(error, meaning, head)
}

const times = ({ requestedAt, receivedAt }: ExchangeHead) => ({ requestedAt, receivedAt })

function originHead(head: ExchangeHead, status: number, size: number | undefined): OriginHead {
  const etag = strongEtag(head.headers)
  return {
    status,
    ...(etag === undefined ? {} : { etag }),
    ...(size === undefined ? {} : { size }),
    headers: forwardedHeaders(head.headers, head.receivedAt),
    ...times(head),
  }
}

/** The parser has seen to it that there is one at most, of digits only, and none beside a transfer coding. */
function contentLength(head: ExchangeHead): number | undefined {
  const value = fieldValue(head.headers, 'content-length')
  if (value === undefined) return undefined
  if (!Number.isSafeInteger(Number(value))) throw malformed(`Content-Length ${value}`)
  return Number(value)
}

function partialAnswer(query: OriginQuery, head: ExchangeHead, body: AnswerBody): OriginAnswer {
  if (query.range === undefined) throw malformed('206 to a request without a range')
  const type = fieldValue(head.headers, 'content-type') ?? ''
  if (/^multipart\/byteranges/i.test(type)) throw malformed('206 in several parts')
  const told = fieldValue(head.headers, 'content-range') ?? ''
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(told)
  if (match === null) throw malformed(`206 with Content-Range '${told}'`)
  const [start, last, size] = match.slice(1).map(Number)
  if (
    start === undefined ||
    last === undefined ||
    size === undefined ||
    !isWithin(start, last, size) ||
    !answers(query.range, start, last)
  ) {
    throw malformed(`206 with Content-Range '${told}' to a request for ${JSON.stringify(query.range)}`)
  }
  const length = last - start + 1
  if ((contentLength(head) ?? length) !== length) throw malformed(`206 whose length is not that of '${told}'`)
  if (query.method !== 'HEAD') body.expect(length)
  return { kind: 'object', head: originHead(head, 200, size), start, end: last + 1, body }
}

function isWithin(start: number, last: number, size: number): boolean {
  return start <= last && last < size && Number.isSafeInteger(size)
}

/** It may be shorter than asked for, when the object is. */
function answers(range: RangeSpec, start: number, last: number): boolean {
  if ('suffix' in range) return last - start < range.suffix
  return start === range.start && last < (range.end ?? Number.POSITIVE_INFINITY)
}

const malformed = (what: string) => new ProxyError('OriginMalformed', `the origin answered ${what}`)

/** Reads a short body to its end, so that its connection lives on. Never rejects: the answer is known without it. */
async function discard(body: AnswerBody): Promise<void> {
  let bytes = 0
  try {
    for await (const chunk of body) {
      bytes += chunk.length
      if (bytes > maxDiscardedBytes) break
    }
  } catch {
    // The connection is gone already, and that was all there was to save.
  }
}
