import type { ProxyError } from '../base/errors.ts'
import { errorResponse } from '../http/error-response.ts'
import type { FieldBlock } from '../http/field-block.ts'
import type { Body, ProxyRequest, ProxyResponse } from '../http/messages.ts'

/** A response still in the making: its list of fields belongs to the one who holds it, and grows stage by stage. */
export interface Draft extends ProxyResponse {
  readonly block: FieldBlock | undefined
  readonly headers: string[]
  finished: (() => void) | undefined
}

export function draft(status: number, headers: string[], body: Body, block?: FieldBlock): Draft {
  return { status, block, headers, body, finished: undefined }
}

/** A page of the proxy's own, about this moment. */
export function pageDraft(status: number, contentType: string, text: string): Draft {
  const bytes = Buffer.from(text)
  const headers = ['Content-Type', contentType, 'Content-Length', String(bytes.length), 'Cache-Control', 'no-store']
  return draft(status, headers, { kind: 'bytes', bytes })
}

export function errorDraft(error: ProxyError, request: ProxyRequest): Draft {
  const { status, headers, body } = errorResponse(error, { id: request.id, accept: request.header('accept') })
  return draft(status, [...headers], body)
}
