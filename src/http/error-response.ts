/** What a client is told when a request fails: the same few words as JSON, or as S3 says them in XML. */

import type { ProxyError } from '../base/errors.ts'
import { fieldValue } from '../base/header-list.ts'
import type { RequestId } from '../base/types.ts'
import { acceptedQualities, quality } from './accept.ts'
import type { ProxyResponse } from './messages.ts'

export interface ErrorAudience {
  readonly id: RequestId
  /** The request's Accept field. */
  readonly accept: string | undefined
}

export const allowedMethods = 'GET, HEAD, OPTIONS'

/** RFC 6750 §3.1; a request without any token is told of the scheme alone. */
const invalidToken = 'Bearer error="invalid_token"'

/** Nothing of the error but its code, its public text and its detail leaves here. */
export function errorResponse(error: ProxyError, audience: ErrorAudience): ProxyResponse {
  const { status, code } = error
  const asXml = prefersXml(audience.accept)
  const body = asXml ? xmlOf(error, audience.id) : jsonOf(error, audience.id)
  const bytes = Buffer.from(body)
  const headers = ['Content-Type', asXml ? 'application/xml' : 'application/json', 'Content-Length', `${bytes.length}`]
  headers.push('Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff')
  headers.push('Content-Security-Policy', "default-src 'none'", 'Referrer-Policy', 'no-referrer')
  const retryAfter = error.retryAfterSeconds ?? (status === 503 ? 1 : undefined)
  if (retryAfter !== undefined) headers.push('Retry-After', `${Math.max(1, Math.ceil(retryAfter))}`)
  if (status === 405 && fieldValue(error.fields, 'allow') === undefined) headers.push('Allow', allowedMethods)
  if (status === 401) headers.push('WWW-Authenticate', code === 'TokenInvalid' ? invalidToken : 'Bearer')
  headers.push(...error.fields)
  return { status, headers, body: { kind: 'bytes', bytes } }
}

function jsonOf({ code, text, status, detail }: ProxyError, id: RequestId): string {
  // `detail` is left out where there is none.
  return JSON.stringify({ error: { code, message: text, status, correlation_id: id, detail } })
}

function xmlOf({ code, text, detail }: ProxyError, id: RequestId): string {
  const more = detail === undefined ? '' : `<Detail>${escapeXml(detail)}</Detail>`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${text}</Message>${more}<RequestId>${id}</RequestId></Error>\n`
}

/** Characters that XML 1.0 §2.2 has no way to write become U+FFFD. */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(unwritable, '\ufffd')
    .replaceAll(/[<>&]/g, (char) => `&#${char.charCodeAt(0)};`)
}

/** All but tab and line feed of the control characters, and the two last of the plane. */
const unwritable = /[^\t\n\x20-\ufffd]/g

/** RFC 9110 §12.5.1: XML only when some XML type is strictly dearer to the client than JSON. */
function prefersXml(accept: string | undefined): boolean {
  if (accept === undefined || !/xml/i.test(accept)) return false
  const qualities = acceptedQualities(accept)
  return (
    Math.max(quality('application/xml', qualities), quality('text/xml', qualities)) >
    quality('application/json', qualities)
  )
}
