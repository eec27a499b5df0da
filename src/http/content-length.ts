/** How long a body is, and what a response says of it already. */

import type { HeaderList } from '../base/types.ts'
import type { Body, ProxyResponse } from './messages.ts'

/** Undefined: not known, or (a response to HEAD without the body it stands for) not ours to say. */
export function bodyLength(body: Body, isBodiless: boolean): number | undefined {
  switch (body.kind) {
    case 'bytes':
      return body.bytes.length
    case 'stream':
      return body.size
    default:
      return isBodiless ? undefined : 0
  }
}

/** Where Content-Length stands among the fields, -1 when it does not. Throws when it is not that of the body to follow. */
export function declaredAt(headers: HeaderList, length: number | undefined, isBodiless: boolean): number {
  const position = lengthPosition(headers)
  if (position !== -1 && !isBodiless && Number(headers[position + 1]) !== length) {
    throw new Error(`Content-Length ${headers[position + 1]} before a body of ${length} bytes`)
  }
  return position
}

/** Whether a response of this status says how long its body is. */
export function mayTellLength({ status }: ProxyResponse): boolean {
  return status !== 204 && status !== 304
}

function lengthPosition(headers: HeaderList): number {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]
    if (name?.length === 14 && name.toLowerCase() === 'content-length') return i
  }
  return -1
}
