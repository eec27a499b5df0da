/** S3's own error answers: telling them from any other answer, and what each means here. */

import { type ErrorCode, ProxyError } from '../base/errors.ts'
import { fieldValue } from '../base/header-list.ts'
import { parseHttpDate } from '../base/http-date.ts'
import type { HeaderList } from '../base/types.ts'
import type { AnswerBody } from './answer-body.ts'
import type { ExchangeHead } from './exchange.ts'

export interface S3Error {
  readonly status: number
  /** Absent in an answer to HEAD, which has no body. */
  readonly code?: string
  /** The region or endpoint where the bucket is said to be. */
  readonly elsewhere?: string
}

const maxErrorBytes = 64 * 1024
/** Enough to see an XML declaration and the root element. */
const rootWithinBytes = 512

const errorRoot = /^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<Error[\s>]/

/** Undefined when the answer is no S3 error; its body can then be read from the start. */
export async function readS3Error(method: string, head: ExchangeHead, body: AnswerBody): Promise<S3Error | undefined> {
  if (method === 'HEAD') return headError(head)
  const start = await readAtLeast(body, rootWithinBytes)
  if (!errorRoot.test(start.toString('latin1'))) {
    if (start.length > 0) body.unread(start)
    return undefined
  }
  const xml = Buffer.concat([start, await readAtLeast(body, maxErrorBytes - start.length)]).toString('latin1')
  body.cancel()
  const code = element(xml, 'Code')
  const region = element(xml, 'Region') ?? bucketRegion(head.headers)
  const elsewhere = [region, element(xml, 'Endpoint')].filter((part) => part !== undefined).join(' ')
  return { status: head.status, ...(code === undefined ? {} : { code }), ...(elsewhere === '' ? {} : { elsewhere }) }
}

/** Without a body, S3 is known by its request ids, and a redirect of S3's (not one an object asks for) by the region. */
function headError(head: ExchangeHead): S3Error | undefined {
  const isS3 = ['x-amz-request-id', 'x-amz-id-2'].some((name) => fieldValue(head.headers, name) !== undefined)
  if (!isS3) return undefined
  const elsewhere = bucketRegion(head.headers)
  if (head.status < 400 && elsewhere === undefined) return undefined
  return { status: head.status, ...(elsewhere === undefined ? {} : { elsewhere }) }
}

const codes: ReadonlyMap<string, ErrorCode> = new Map([
  ['NoSuchKey', 'NoSuchKey'],
  ['NoSuchVersion', 'NoSuchKey'],
  ['NoSuchBucket', 'NoSuchBucket'],
  ['AccessDenied', 'AccessDenied'],
  ['AccessForbidden', 'AccessDenied'],
  ['InvalidObjectState', 'InvalidObjectState'],
  ['SignatureDoesNotMatch', 'OriginCredentials'],
  ['InvalidAccessKeyId', 'OriginCredentials'],
  ['ExpiredToken', 'OriginCredentials'],
  ['InvalidToken', 'OriginCredentials'],
  ['TokenRefreshRequired', 'OriginCredentials'],
  ['RequestTimeTooSkewed', 'OriginCredentials'],
  ['PermanentRedirect', 'OriginRedirect'],
  ['TemporaryRedirect', 'OriginRedirect'],
  ['Redirect', 'OriginRedirect'],
  ['AuthorizationHeaderMalformed', 'OriginRedirect'],
  ['SlowDown', 'SlowDown'],
  ['ServiceUnavailable', 'SlowDown'],
])

export function meaningOf(error: S3Error, headers: HeaderList): ErrorCode {
  const named = codes.get(error.code ?? '')
  if (named !== undefined) return named
  // GET of a delete marker by its version: the object is gone.
  if (error.status === 405 && fieldValue(headers, 'x-amz-delete-marker') === 'true') return 'NoSuchKey'
  return meaningOfStatus(error)
}

function meaningOfStatus({ status, code, elsewhere }: S3Error): ErrorCode {
  if (status < 400) return 'OriginRedirect'
  if (status === 503 || status === 429) return 'SlowDown'
  if (status >= 500) return 'OriginError'
  if (code !== undefined) return 'OriginRejected'
  if (status === 404) return 'NoSuchKey'
  if (status === 403) return 'AccessDenied'
  // What AWS answers to a HEAD signed for another region.
  if (status === 400 && elsewhere !== undefined) return 'OriginRedirect'
  return 'OriginRejected'
}

export function failureFrom(error: S3Error, meaning: ErrorCode, head: ExchangeHead): ProxyError {
  const place = meaning === 'OriginRedirect' && error.elsewhere !== undefined ? `, naming ${error.elsewhere}` : ''
  const retryAfterSeconds = retryAfter(head)
  return new ProxyError(
    meaning,
    `the origin answered ${error.status} ${error.code ?? 'without a code'}${place}`,
    retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
  )
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfter(head: ExchangeHead): number | undefined {
  const value = fieldValue(head.headers, 'retry-after')
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value)
  const date = parseHttpDate(value, head.receivedAt)
  return date === undefined ? undefined : Math.max(0, Math.ceil((date - head.receivedAt) / 1000))
}

/** The text of an element, where it is a plain word: it ends up in the log. */
function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>\\s*([\\w.:/-]{1,255})\\s*</${name}>`).exec(xml)?.[1]
}

function bucketRegion(headers: HeaderList): string | undefined {
  const value = fieldValue(headers, 'x-amz-bucket-region')
  return value !== undefined && /^[\w-]{1,64}$/.test(value) ? value : undefined
}

/** Reads whole chunks until there are at least so many bytes, or no more come. */
async function readAtLeast(body: AnswerBody, bytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  while (length < bytes) {
    const { value } = await body.next()
    if (value === undefined) break
    chunks.push(value)
    length += value.length
  }
  return Buffer.concat(chunks)
}
